import { err, ok, type Result } from '#shared/result.ts'

/**
 * What is made equal before a path is matched (Istio's `pathNormalization`). `none`: nothing;
 * `base`: escapes of unreserved characters, backslashes and dot segments; `merge_slashes`: also `//`;
 * `decode_and_merge_slashes`: also `%2f` and `%5c`.
 */
export type PathNormalisation = 'none' | 'base' | 'merge_slashes' | 'decode_and_merge_slashes'

/** A longer request line no TLS terminator passes on (ALB: 16 K). */
const pathLengthMax = 16 * 1024

/**
 * The path that a policy is asked about, and that has to be sent to the target as well: what is
 * matched in one spelling and served in another is no match. One pass, nothing decoded twice. The
 * query is cut off; NUL in any spelling, controls, spaces, fragments and broken escapes are refused.
 *
 * @param text a request's path with its query, as it stands in the first line
 * @returns the path, or what belonged there: answer 400
 */
export function normalisePath(text: string, to: PathNormalisation): Result<string, string> {
  if (text.length > pathLengthMax) return err(`at most ${pathLengthMax} characters`)
  const [path = ''] = text.split('?', 1)
  if (!path.startsWith('/')) return err('a path that starts with /')
  if (!/^[\x21\x22\x24-\x7e]*$/.test(path)) return err('printable ASCII without a fragment')
  if (path.includes('%00')) return err('a path without NUL')
  if (to === 'none') return ok(path)
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return err('% and two hexadecimal digits')
  if (to === 'decode_and_merge_slashes' && hidesDotSegment(path)) {
    return err('dot segments without parameters')
  }
  const decoded = path
    .replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => decodeEscape(escape, to))
    .replaceAll('\\', '/')
  const resolved = removeDotSegments(decoded)
  return ok(to === 'base' ? resolved : resolved.replaceAll(/\/{2,}/g, '/'))
}

/**
 * `..;x` is a name to RFC 3986 and a step up to servers that take path parameters away first (Servlet
 * 6.0 section 3.5.2, so Tomcat, Jetty): refused, since either reading is the wrong one somewhere.
 */
function hidesDotSegment(path: string): boolean {
  return /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:;|%3b)/i.test(path)
}

/** RFC 3986 6.2.2.2 for unreserved characters; others stay escaped, in upper case (6.2.2.1). */
function decodeEscape(escape: string, to: PathNormalisation): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  if (/[A-Za-z0-9\-._~]/.test(character)) return character
  const isSlash = character === '/' || character === '\\'
  return isSlash && to === 'decode_and_merge_slashes' ? '/' : escape.toUpperCase()
}

/** RFC 3986 5.2.4: `..` takes away the segment before it, and never more than there is. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  if (last === '.' || last === '..') kept.push('')
  return `/${kept.join('/')}`
}
