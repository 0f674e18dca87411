import { concatBytes, fromBase64Url, toBase64Url, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { KeyRing, SessionKey } from './key-ring.ts'

/** Chance as an argument: `count` octets nobody can foresee. */
export type RandomOctets = (count: number) => Bytes

/**
 * NIST SP 800-38D 8.3: with random 96-bit nonces one key may seal 2^32 tokens. A fleet of a million
 * devices that seals one every fifteen minutes reaches that in 44 days: rotate keys monthly.
 */
const nonceOctets = 12

/** Longer tokens are none of ours: claims hold one entry for each certificate of a path. */
const tokenLengthMax = 2048

const version = 'v2'

/**
 * Seals octets: `v2.<kid>.<base64url of nonce, ciphertext and tag>`, AES-256-GCM. Version, key name
 * and audience are authenticated with them, so a token of one host opens at no other.
 */
export async function sealToken(
  octets: Bytes,
  ring: KeyRing,
  audience: string,
  random: RandomOctets,
): Promise<string> {
  const [first] = ring
  const nonce = random(nonceOctets)
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: associated(first, audience) },
    first.key,
    octets,
  )
  return `${version}.${first.kid}.${toBase64Url(concatBytes(nonce, new Uint8Array(sealed)))}`
}

/**
 * Opens a token: what was sealed, or undefined where it is not ours, was changed, was sealed for another
 * audience or with a key that has left the ring. All of these mean the same: it says nothing.
 */
export async function openToken(
  token: string,
  ring: KeyRing,
  audience: string,
): Promise<Bytes | undefined> {
  const read = readToken(token, ring)
  if (read === undefined) return undefined
  const { by, octets } = read
  const iv = octets.subarray(0, nonceOctets)
  const algorithm = { name: 'AES-GCM', iv, additionalData: associated(by, audience) }
  try {
    const opened = crypto.subtle.decrypt(algorithm, by.key, octets.subarray(nonceOctets))
    return new Uint8Array(await opened)
  } catch (error) {
    // OperationError: the tag does not fit, which is an answer; anything else is a fault.
    if (error instanceof DOMException && error.name === 'OperationError') return undefined
    throw error
  }
}

/** A token of this version by the key that it names: nonce, ciphertext and tag. */
function readToken(
  token: string,
  ring: KeyRing,
): { readonly by: SessionKey; readonly octets: Bytes } | undefined {
  if (token.length > tokenLengthMax) return undefined
  const [tokenVersion, kid, body = '', ...more] = token.split('.')
  const by = ring.find((each) => each.kid === kid)
  if (tokenVersion !== version || more.length > 0 || by === undefined) return undefined
  const octets = fromBase64Url(body)
  return octets === undefined || octets.length <= nonceOctets ? undefined : { by, octets }
}

/** By the very key, for the audience it was last asked for: most listeners have one. */
const associatedOctets = new WeakMap<
  SessionKey,
  { readonly audience: string; readonly octets: Bytes }
>()

/** What is authenticated with a token beside its octets. Written anew it took a tenth of opening one, in workerd. */
function associated(key: SessionKey, audience: string): Bytes {
  const before = associatedOctets.get(key)
  if (before?.audience === audience) return before.octets
  const octets = toUtf8(`sallyport ${version} ${key.kid} ${audience}`)
  associatedOctets.set(key, { audience, octets })
  return octets
}
