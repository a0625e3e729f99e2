/** A count with its noun, for sentences: `1 record`, `1,200 records`. */
export function countOf(count: number, noun: 'record' | 'id'): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
