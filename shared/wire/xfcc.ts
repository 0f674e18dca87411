import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'

/** What one proxy says of its peer. Texts are as they stand: still escaped, still URL-encoded. */
export interface XfccElement {
  /** URI names of the proxy's own certificate. */
  readonly by: readonly string[]
  /** SHA-256 of the peer's certificate, in hexadecimal. */
  readonly hash: string | undefined
  /** The peer's certificate, URL-encoded PEM. */
  readonly cert: string | undefined
  /** The peer's whole chain, its certificate first, URL-encoded PEM. */
  readonly chain: string | undefined
  /** RFC 2253 text with that form's own escapes, and none of this one's. */
  readonly subject: string | undefined
  readonly uris: readonly string[]
  readonly dns: readonly string[]
}

/** Envoy takes 60 KiB of request headers unless told otherwise (`max_request_headers_kb`). */
export const xfccLengthMax = 60 * 1024

interface Pair {
  readonly key: string
  readonly value: string
  /** Offset of the key. */
  readonly at: number
  /** Offset behind the value. */
  readonly next: number
}

/** Keys that say one thing once: a second one was put there by somebody else. */
const singles: ReadonlySet<string> = new Set(['hash', 'cert', 'chain', 'subject'])
const known: ReadonlySet<string> = new Set([...singles, 'by', 'uri', 'dns'])

/**
 * `x-forwarded-client-cert` as Envoy writes it: elements parted by commas, pairs by semicolons, keys
 * of either case, values in quotes where they hold a separator. Inside quotes a backslash takes the
 * next character with it: Envoy prints subjects as RFC 2253 escapes them and escapes nothing itself.
 * White space between elements is refused: Envoy writes none, so it is the seam of a second header.
 *
 * @returns the elements, the nearest proxy's last; or the first fault
 */
export function parseXfcc(
  text: string,
  lengthMax: number = xfccLengthMax,
): Result<XfccElement[], WireFault> {
  if (text.length > lengthMax) {
    return err({ at: lengthMax, expected: `at most ${lengthMax} characters` })
  }
  const elements: XfccElement[] = []
  for (let at = 0; ; at += 1) {
    const pairs = readPairs(text, at)
    if (!pairs.ok) return pairs
    const element = elementOf(pairs.value, at)
    if (!element.ok) return element
    elements.push(element.value)
    at = pairs.value.at(-1)?.next ?? at
    if (at === text.length) return ok(elements)
  }
}

/** The pairs of one element, up to a comma or the end of the text; at least one. */
function readPairs(text: string, start: number): Result<Pair[], WireFault> {
  const pairs: Pair[] = []
  for (let at = start; ; at += 1) {
    const pair = readPair(text, at)
    if (!pair.ok) return pair
    pairs.push(pair.value)
    at = pair.value.next
    if (text[at] !== ';') return ok(pairs)
  }
}

function readPair(text: string, at: number): Result<Pair, WireFault> {
  const equals = text.indexOf('=', at)
  const key = equals < 0 ? '' : text.slice(at, equals)
  if (!/^[A-Za-z]{1,16}$/.test(key)) return err({ at, expected: 'a key and =' })
  const start = equals + 1
  const next = text[start] === '"' ? afterQuoted(text, start) : afterBare(text, start)
  if (next === undefined) return err({ at: start, expected: 'a closing quote' })
  if (next < text.length && text[next] !== ';' && text[next] !== ',') {
    return err({ at: next, expected: 'a semicolon, a comma or the end' })
  }
  const value = text[start] === '"' ? text.slice(start + 1, next - 1) : text.slice(start, next)
  return ok({ key: key.toLowerCase(), value, at, next })
}

/** The offset behind the quote that closes the one at `open`. */
function afterQuoted(text: string, open: number): number | undefined {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at + 1
  }
  return undefined
}

/** The offset of what ends an unquoted value: a separator, or a quote, which belongs into none. */
function afterBare(text: string, start: number): number {
  let at = start
  while (at < text.length && !';,"'.includes(text.charAt(at))) at += 1
  return at
}

function elementOf(pairs: readonly Pair[], at: number): Result<XfccElement, WireFault> {
  if (!pairs.some(({ key }) => known.has(key))) return err({ at, expected: 'a key of XFCC' })
  const seen = new Set<string>()
  for (const pair of pairs) {
    if (singles.has(pair.key) && seen.has(pair.key)) {
      return err({ at: pair.at, expected: `${pair.key} once in an element` })
    }
    seen.add(pair.key)
  }
  const values = (key: string): string[] =>
    pairs.filter((pair) => pair.key === key).map(({ value }) => value)
  // Envoy writes `URI=` for a certificate that has none.
  const named = (key: string): string[] => values(key).filter((value) => value !== '')
  return ok({
    by: named('by'),
    hash: values('hash')[0],
    cert: values('cert')[0],
    chain: values('chain')[0],
    subject: values('subject')[0],
    uris: named('uri'),
    dns: named('dns'),
  })
}
