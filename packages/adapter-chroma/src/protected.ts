/** Marks what `protect` returns, in every copy of this package. */
export const PROTECTED: unique symbol = Symbol.for('@holdfast/adapter-chroma/protected')

export function isProtected(client: object): boolean {
  return (client as { readonly [PROTECTED]?: true })[PROTECTED] === true
}
