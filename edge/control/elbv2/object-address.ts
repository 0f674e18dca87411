import { equalTextsInConstantTime, toHex, toUtf8 } from '#shared/bytes.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import type { ObjectName } from '../../trust-stores/managed/objects.ts'
import type { AccessKey } from './sigv4.ts'

/** AWS: the address that `GetTrustStore…` gives holds for ten minutes. */
export const addressAgeMaxMs = 10 * 60_000

/**
 * The address under which whoever holds it may read one object for ten minutes: signed with the
 * caller's own secret, so it is worth no more than that key, and nothing once the key is taken away.
 */
export async function signAddress(
  origin: string,
  file: ObjectName,
  { accessKeyId, secretAccessKey }: AccessKey,
  now: Instant,
): Promise<string> {
  const expires = Math.floor(shift(now, addressAgeMaxMs) / 1000)
  const signature = await signatureOf(file, expires, secretAccessKey)
  const query = new URLSearchParams({
    AWSAccessKeyId: accessKeyId,
    Expires: String(expires),
    Signature: signature,
  })
  return `${origin}/objects/${file}?${query.toString()}`
}

/** The key that an address was signed with; undefined where it was not, or holds no longer. */
export async function signerOf<Key extends AccessKey>(
  url: URL,
  file: ObjectName,
  keys: readonly Key[],
  now: Instant,
): Promise<Key | undefined> {
  const key = keys.find(({ accessKeyId }) => accessKeyId === url.searchParams.get('AWSAccessKeyId'))
  const expires = url.searchParams.get('Expires') ?? ''
  if (key === undefined || !/^\d{1,12}$/.test(expires)) return undefined
  const left = instantFromMs(Number(expires) * 1000) - now
  const expected = await signatureOf(file, Number(expires), key.secretAccessKey)
  const shown = url.searchParams.get('Signature') ?? ''
  const isSigned = equalTextsInConstantTime(shown, expected)
  return isSigned && left >= 0 && left <= addressAgeMaxMs ? key : undefined
}

/** Requests are signed under `AWS4` and the secret: no signature is ever good for both. */
async function signatureOf(file: ObjectName, expires: number, secret: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', toUtf8(secret), algorithm, false, ['sign'])
  const text = toUtf8(`sallyport object\n${file}\n${expires}`)
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, text)))
}
