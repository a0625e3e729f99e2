import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/durable/crc32c.ts'

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index)

describe('crc32c', () => {
  it.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes ascending', ascending, 0x46dd794e],
    ['32 bytes descending', Uint8Array.from(ascending).reverse(), 0x113fdb5c],
    [
      'an iSCSI read command',
      Uint8Array.from(
        Buffer.from(
          '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
            '0200000000000000',
          'hex',
        ),
      ),
      0xd9963a56,
    ],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('knows %s (RFC 3720, B.4)', (_title, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  it('goes on from the checksum of what came before', () => {
    for (let split = 0; split <= ascending.length; split++) {
      const head = crc32c(ascending.subarray(0, split))
      expect(crc32c(ascending.subarray(split), head)).toBe(0x46dd794e)
    }
  })
})
