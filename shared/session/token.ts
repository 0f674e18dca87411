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

const version = 'v1'

/**
 * Seals a text: `v1.<kid>.<base64url of nonce, ciphertext and tag>`, AES-256-GCM. Version, key name
 * and audience are authenticated with it, so a token of one host opens at no other.
 */
export async function sealToken(
  text: string,
  ring: KeyRing,
  audience: string,
  random: RandomOctets,
): Promise<string> {
  const [{ kid, key }] = ring
  const nonce = random(nonceOctets)
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: associated(kid, audience) },
    key,
    toUtf8(text),
  )
  return `${version}.${kid}.${toBase64Url(concatBytes(nonce, new Uint8Array(sealed)))}`
}

/**
 * Opens a token: its text, or undefined where it is not ours, was changed, was sealed for another
 * audience or with a key that has left the ring. All of these mean the same: it says nothing.
 */
export async function openToken(
  token: string,
  ring: KeyRing,
  audience: string,
): Promise<string | undefined> {
  if (token.length > tokenLengthMax) return undefined
  const [tokenVersion, kid, body, ...more] = token.split('.')
  const known = ring.find((each) => each.kid === kid)
  const octets = fromBase64Url(body ?? '')
  if (tokenVersion !== version || more.length > 0 || known === undefined) return undefined
  if (octets === undefined || octets.length <= nonceOctets) return undefined
  const iv = octets.subarray(0, nonceOctets)
  const algorithm = { name: 'AES-GCM', iv, additionalData: associated(known.kid, audience) }
  return decrypt(algorithm, known.key, octets.subarray(nonceOctets))
}

const decoder = new TextDecoder()

async function decrypt(
  algorithm: { readonly name: string; readonly iv: Bytes; readonly additionalData: Bytes },
  key: SessionKey['key'],
  sealed: Bytes,
): Promise<string | undefined> {
  try {
    const opened = await crypto.subtle.decrypt(algorithm, key, sealed)
    return decoder.decode(opened)
  } catch (error) {
    // OperationError: the tag does not fit, which is an answer; anything else is a fault.
    if (error instanceof DOMException && error.name === 'OperationError') return undefined
    throw error
  }
}

function associated(kid: string, audience: string): Bytes {
  return toUtf8(`sallyport ${version} ${kid} ${audience}`)
}
