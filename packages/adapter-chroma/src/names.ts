import type { NameRules } from '@holdfast/core'

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'

/**
 * Chroma's rules for the name of a collection: ASCII letters, digits, dot, underscore and hyphen,
 * a letter or digit at both ends, no two dots in a row, and not an IPv4 address.
 */
export const CHROMA_NAMES: NameRules = {
  lengthMin: 3,
  lengthMax: 512,
  pattern: `(?!${OCTET}(?:\\.${OCTET}){3}$)(?!.*\\.\\.)[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]`,
}
