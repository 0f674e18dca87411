/**
 * One parameter of a Structured Field (RFC 9651 3.1.2): a key and, behind `=`, a bare item. The
 * alternatives begin with different characters, so no text is tried in two ways.
 */
const parameter = new RegExp(
  [
    String.raw`; *[a-z*][a-z0-9_.*-]*(?:=(?:`,
    [
      String.raw`-?\d{1,12}\.\d{1,3}(?!\d)`, // 3.3.2: a Decimal
      String.raw`-?\d{1,15}(?![\d.])`, // 3.3.1: an Integer
      String.raw`"(?:[ !#-[\]-~]|\\["\\])*"`, // 3.3.3: a String
      String.raw`[A-Za-z*][!#$%&'*+.^_\x60|~0-9A-Za-z:/-]*`, // 3.3.4: a Token
      String.raw`:[A-Za-z0-9+/]*={0,2}:`, // 3.3.5: a Byte Sequence
      String.raw`\?[01]`, // 3.3.6: a Boolean
      String.raw`@-?\d{1,15}(?![\d.])`, // 3.3.7: a Date
      String.raw`%"(?:[ !#$&-~]|%[0-9a-f]{2})*"`, // 3.3.8: a Display String
    ].join('|'),
    '))?',
  ].join(''),
  'y',
)

/**
 * The offset behind the parameters of an item that ends at `at` (RFC 9651 4.2.3.2): `at` itself
 * where it has none. What is no parameter is left standing for the caller to refuse.
 */
export function skipParameters(text: string, at: number): number {
  let end = at
  for (;;) {
    parameter.lastIndex = end
    const found = parameter.exec(text)
    if (found === null) return end
    end += found[0].length
  }
}
