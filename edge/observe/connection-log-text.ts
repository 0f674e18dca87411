/*
 * Fields of a log line: whatever stands in them, a line stays one line and a field one field.
 */

/**
 * Longest token in a line. The longest that is honest is a load balancer's identifier, which AWS
 * bounds at 128 characters; twice that leaves room for escapes.
 */
const tokenLengthMax = 256

/**
 * Longest name in a line. RFC 5280 appendix A.1 bounds the values of a name at 64 characters or a
 * few hundred; ten values of 64 characters, each escaped as UTF-8, stay below this.
 */
const nameLengthMax = 8 * 1024

const utf8 = new TextEncoder()

/**
 * A field without quotes: one word of printable ASCII, anything else in it as `%XX` of its UTF-8.
 * Absent and empty fields are `-`, as ALB writes them.
 */
export function tokenField(text: string | undefined): string {
  if (text === undefined || text === '') return '-'
  const escaped = text
    .slice(0, tokenLengthMax)
    .replaceAll(/[^\x21\x23-\x7e]+/gu, (run) => octetsOf(run, '%'))
  return escaped.slice(0, tokenLengthMax)
}

/** A port or another count; `-` where it is none. */
export function numberField(number: number | undefined): string {
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? `${number}` : '-'
}

/** RFC 2253 text as this core and every platform writes it: nothing in it is left to escape. */
const escapedName = /^(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*$/

/**
 * A distinguished name between double quotes. RFC 2253 text comes out as it went in, for it escapes
 * its own quotes and backslashes; text that was written by somebody else is made to do so: a bare
 * quote is escaped, a backslash with nothing behind it doubled, and what is not printable ASCII
 * written as `\XX` of its UTF-8. Of a name that is too long the start, with `...` behind it.
 */
export function nameField(name: string): string {
  if (name.length <= nameLengthMax && escapedName.test(name)) return `"${name}"`
  let field = ''
  for (const [piece] of name.slice(0, nameLengthMax + 1).matchAll(/\\[\x20-\x7e]|[^]/gu)) {
    const escaped = namePiece(piece)
    if (field.length + escaped.length > nameLengthMax) return `"${field}..."`
    field += escaped
  }
  return `"${field}"`
}

function namePiece(piece: string): string {
  if (piece === '"') return String.raw`\"`
  if (piece === '\\') return '\\\\'
  return /^\\?[\x20-\x7e]$/.test(piece) ? piece : octetsOf(piece, '\\')
}

function octetsOf(text: string, before: string): string {
  const octets = Array.from(utf8.encode(text), (octet) => octet.toString(16).padStart(2, '0'))
  return octets.map((octet) => `${before}${octet.toUpperCase()}`).join('')
}
