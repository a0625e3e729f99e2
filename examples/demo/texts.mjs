/**
 * @typedef {object} Text
 * @property {string} id
 * @property {string} document
 * @property {Record<string, string>} metadata
 */

const APPLIANCES = [
  ...['Espresso machine', 'Dishwasher', 'Washing machine', 'Tumble dryer', 'Steam iron', 'Kettle'],
  ...['Rice cooker', 'Humidifier', 'Air conditioner', 'Refrigerator', 'Ice maker', 'Heat pump'],
  ...['Robot vacuum', 'Garment steamer', 'Aquarium filter', 'Coffee grinder'],
]

/** What is wrong, and what helps. */
const PROBLEMS = [
  ['leaks water underneath', 'Dry the seal, look for cracks, and press it back into its groove.'],
  ['does not switch on', 'Try another socket, then press the reset button on the back.'],
  ['switches off too early', 'Clean the temperature sensor: dust makes it read too high.'],
  ['smells of burnt plastic', 'Unplug it at once and ask us for a replacement.'],
  ['makes a grinding noise', 'Remove the lower cover and look for a stone in the fan.'],
  ['vibrates strongly', 'Turn the feet until a spirit level shows that it stands straight.'],
  ['shows error E04', 'The pump is blocked. Rinse the inlet filter under warm water.'],
  ['shows error E17', 'The door contact is dirty. Wipe it with a soft, dry cloth.'],
  ['blinks orange', 'The software is out of date. Update it with the app.'],
  ['blinks red', 'It is overheated. Leave it alone for thirty minutes.'],
  ['forgets its settings', 'Change the button cell behind the display.'],
  ['does not find the network', 'It knows 2.4 GHz only. Give the router a second name for that.'],
  ['loses its connection', 'Move the router closer, or give it a fixed address.'],
  ['does not pair with the app', 'Allow the app to use Bluetooth, then hold the button.'],
  ['ignores the remote control', 'Take the batteries out for a minute to reset the remote.'],
  ['does not heat', 'Descale the heating element with citric acid.'],
  ['heats unevenly', 'Spread the load, and choose a smaller portion.'],
  ['does not cool', 'Free the condenser from dust with a brush.'],
  ['freezes over', 'Defrost it, and check that the lid closes well.'],
  ['drips at the front', 'Empty the tray, and replace the valve if it goes on.'],
  ['leaves white marks', 'Your water is hard. Refill the salt and set the level to four.'],
  ['leaves stains', 'Use less soap, and run it empty at ninety degrees.'],
  ['uses too much power', 'Switch the standby off in the menu, under energy.'],
  ['trips the fuse', 'Do not use it any longer. A technician must measure the insulation.'],
  ['beeps without a reason', 'Unlock the child safety by holding both arrows.'],
]

const MOMENTS = ['after descaling', 'since the move', 'in winter', 'after an update', 'at night']

const STYLES = [
  ...['Foldable', 'Stackable', 'Compact', 'Sturdy', 'Lightweight', 'Adjustable', 'Handmade'],
  ...['Minimalist', 'Vintage', 'Weatherproof'],
]
const MATERIALS = 'oak walnut bamboo steel brass rattan linen marble cork glass'.split(' ')

/** What it is, and what it is good for. */
const THINGS = [
  ['bookshelf', 'Holds four rows of paperbacks, and a plant on top.'],
  ['desk lamp', 'Throws warm light on a page, and none into your eyes.'],
  ['coat rack', 'Carries the coats of a family of five.'],
  ['dining table', 'Seats six, and eight when friends come by.'],
  ['bar stool', 'Of the right height for a kitchen counter.'],
  ['bedside table', 'With a drawer for glasses and a charger.'],
  ['laundry basket', 'Takes two loads, and breathes.'],
  ['wall clock', 'Without a tick, for light sleepers.'],
  ['plant stand', 'Lifts a monstera into the light.'],
  ['serving tray', 'Breakfast in bed, with handles that stay cool.'],
  ['shoe cabinet', 'Narrow enough for a hallway; room for twelve pairs.'],
  ['picture frame', 'For prints of thirty by forty centimeters.'],
  ['garden bench', 'Two people, one sunset, no splinters.'],
  ['cutting board', 'With a groove that catches the juice.'],
  ['umbrella holder', 'Heavy foot, and a bowl for the drops.'],
  ['jewelry box', 'Lined with felt; rings, chains and watches apart.'],
  ['wine rack', 'Twelve bottles, lying as they should.'],
  ['toy chest', 'With a lid that closes slowly on small fingers.'],
  ['room divider', 'Makes one room two, on three panels.'],
  ['storage box', 'Fits under a bed, and into a shelf.'],
]

/** @returns {Text[]} 2,000 articles of a help center */
export function supportArticles() {
  return APPLIANCES.flatMap((appliance) =>
    PROBLEMS.flatMap(([problem = '', advice = '']) =>
      MOMENTS.map((moment) => ({
        document: `${appliance} ${problem} ${moment}. ${advice}`,
        metadata: { appliance, problem },
      })),
    ),
  ).map((text, index) => ({ id: numbered('article', index), ...text }))
}

/** @returns {Text[]} 2,000 descriptions of products */
export function productDescriptions() {
  return THINGS.flatMap(([thing = '', use = '']) =>
    MATERIALS.flatMap((material) =>
      STYLES.map((style) => ({
        document: `${style} ${material} ${thing}. ${use}`,
        metadata: { material, thing },
      })),
    ),
  ).map((text, index) => ({ id: numbered('product', index), ...text }))
}

/**
 * @param {string} what
 * @param {number} index
 */
function numbered(what, index) {
  return `${what}-${String(index + 1).padStart(4, '0')}`
}
