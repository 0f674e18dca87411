import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { IssuerKeyId } from '#shared/revocation/authenticated-crls.ts'

/** What a session token says, sealed. */
export interface SessionClaims {
  /** Milliseconds since 1970; the last instant at which the session stands for a verification. */
  readonly exp: number
  /** Of the trust store that it was verified by. */
  readonly epoch: number
  /** RFC 8705 `x5t#S256`: SHA-256 of the leaf's DER. */
  readonly x5t: Bytes
  /** SHA-256 of what was trusted, and of the policy: base64url. */
  readonly trust: string
  readonly policy: string
  /** For each certificate of the path, leaf first: its issuer's key and its serial. */
  readonly path: readonly (readonly [IssuerKeyId, Bytes])[]
}

/** Paths have at most `intermediatesMax + 1` certificates; nothing longer was sealed by us. */
const pathMax = 16

/** Where each part starts: two numbers, the leaf's hash, how many certificates there are, texts. */
const epochAt = 8
const x5tAt = 16
const countAt = 48
const textsAt = 49

/** A SHA-256 in base64url: trust, policy and each issuer's key. */
const textOctets = 43

const decoder = new TextDecoder()

/**
 * Claims as they are sealed: exp and epoch as big-endian doubles (IEEE 754), the leaf's hash, the
 * number of certificates; trust, policy and issuers' keys as they are written; then each serial
 * behind an octet of its length. As JSON, with octets in base64url, they took 3 us more in workerd.
 *
 * @throws RangeError where trust, policy or an issuer's key is not as long as a SHA-256 in base64url
 */
export function claimOctets({ exp, epoch, x5t, trust, policy, path }: SessionClaims): Bytes {
  const numbers = new DataView(new ArrayBuffer(x5tAt))
  numbers.setFloat64(0, exp)
  numbers.setFloat64(epochAt, epoch)
  const texts = [trust, policy, ...path.map(([issuer]) => issuer)]
  if (texts.some(({ length }) => length !== textOctets)) throw new RangeError('no SHA-256')
  return concatBytes(
    new Uint8Array(numbers.buffer),
    x5t,
    Uint8Array.of(path.length),
    toUtf8(texts.join('')),
    ...path.flatMap(([, serial]) => [Uint8Array.of(serial.length), serial]),
  )
}

/** Claims of an opened token, or undefined where it is of another shape (sealed by another version). */
export function sessionClaims(octets: Bytes): SessionClaims | undefined {
  const count = octets[countAt] ?? 0
  if (count === 0 || count > pathMax) return undefined
  const serialsAt = textsAt + textOctets * (2 + count)
  const texts = decoder.decode(octets.subarray(textsAt, serialsAt))
  const textOf = (nth: number) => texts.slice(nth * textOctets, (nth + 1) * textOctets)
  const path: [IssuerKeyId, Bytes][] = []
  let at = serialsAt
  for (let nth = 0; nth < count; nth += 1) {
    const end = at + 1 + (octets[at] ?? 0)
    path.push([textOf(2 + nth), octets.subarray(at + 1, end)])
    at = end
  }
  if (at !== octets.length) return undefined
  const numbers = new DataView(octets.buffer, octets.byteOffset)
  const exp = numbers.getFloat64(0)
  const epoch = numbers.getFloat64(epochAt)
  const x5t = octets.subarray(x5tAt, countAt)
  return { exp, epoch, x5t, trust: textOf(0), policy: textOf(1), path }
}
