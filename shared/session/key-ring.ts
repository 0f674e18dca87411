import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** `CryptoKey`, by whatever name a runtime's types know it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** One AES-256-GCM key by its name. The key itself cannot be exported. */
export interface SessionKey {
  readonly kid: string
  readonly key: WebCryptoKey
}

/** Keys in use, newest first: the first one seals, all of them open. */
export type KeyRing = readonly [SessionKey, ...SessionKey[]]

/** Rotation needs the last key, the current one and the next one: more is a forgotten key. */
const keysMax = 3

/**
 * Reads `kid:base64,kid:base64`, newest first, each key of 32 random octets. A fault says which
 * entry is wrong and never repeats its text: it is a secret.
 */
export async function importKeyRing(text: string): Promise<Result<KeyRing, string>> {
  const entries = text.split(',').map((entry) => entry.trim())
  if (entries.length > keysMax) return err(`at most ${keysMax} session keys, not ${entries.length}`)
  const keys: SessionKey[] = []
  for (const [index, entry] of entries.entries()) {
    const key = await importEntry(entry)
    if (key === undefined) return err(`session key ${index + 1} as "name:base64 of 32 octets"`)
    if (keys.some(({ kid }) => kid === key.kid))
      return err(`each name of a session key once: ${key.kid} stands twice`)
    keys.push(key)
  }
  const [first, ...rest] = keys
  return first === undefined ? err('a session key') : ok([first, ...rest])
}

async function importEntry(entry: string): Promise<SessionKey | undefined> {
  const match = /^([A-Za-z0-9_-]{1,16}):(.+)$/.exec(entry)
  const octets = fromBase64(match?.[2] ?? '')
  if (match?.[1] === undefined || octets?.length !== 32) return undefined
  return { kid: match[1], key: await importSessionKey(octets) }
}

function importSessionKey(octets: Bytes): Promise<WebCryptoKey> {
  return crypto.subtle.importKey('raw', octets, 'AES-GCM', false, ['encrypt', 'decrypt'])
}
