import { equalTextsInConstantTime, toBase64Url, toHex, toUtf8 } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { StoreChange } from '../trust-stores/managed/audit-entry.ts'
import * as z from 'zod'
import { readSecret } from './read-secret.ts'

/**
 * What a token may do. `read`: look. `revoke`: add lists and revoke serials, which only ever locks
 * out. `write`: everything that may let somebody in. `roll-back`: an earlier epoch. `admin`: make
 * and delete stores.
 */
export const scopes = ['read', 'revoke', 'write', 'roll-back', 'admin'] as const

export type Scope = (typeof scopes)[number]

/** Which scope a change asks for: `revoke` where it can only lock out, and more for all else. */
export function scopeOfChange(change: StoreChange): Scope {
  switch (change.kind) {
    case 'add_lists': {
      const isSafe = change.removing === undefined && change.lists.every(({ shrink }) => !shrink)
      return isSafe ? 'revoke' : 'write'
    }
    case 'revoke_serials':
      return 'revoke'
    case 'roll_back':
      return 'roll-back'
    case 'delete':
      return 'admin'
    case 'replace_bundle':
    case 'replace_intermediates':
    case 'remove_lists':
    case 'restore_serials':
    case 'replace_refused':
      return 'write'
  }
}

/** Who may ask, as the secret `API_TOKENS` says: never the token, only its hash. */
export interface ApiToken {
  /** As audit logs tell it. */
  readonly name: string
  readonly sha256: string
  readonly scopes: readonly Scope[]
  /** Names of the stores it is for; every store unless given. */
  readonly stores?: readonly string[] | undefined
}

/** What every entry of such a secret says: who it is, and what for. */
export const whoForm = {
  name: z.string().regex(/^[\w.@-]{1,64}$/, 'expected 1 to 64 letters, digits, and . _ @ -'),
  scopes: z.array(z.enum(scopes)).min(1),
  stores: z.array(z.string()).optional(),
}

const tokenForm = z.array(
  z.strictObject({
    ...whoForm,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
  }),
)

/** Reads the secret `API_TOKENS`; a sentence that names the place at fault, and repeats no value, otherwise. */
export function readTokens(text: string): Result<readonly ApiToken[], string> {
  return readSecret(text, tokenForm, 'a list of {"name", "sha256", "scopes", "stores"?}')
}

/** Nobody guesses 256 bits; the word before them lets scanners of leaked secrets know what they found. */
const tokenOctets = 32
const tokenPrefix = 'sallyport_'

/**
 * A new token, to be shown once, and the entry of `API_TOKENS` that lets it in; a sentence that names
 * the field at fault otherwise.
 */
export async function newApiToken(
  fields: Omit<ApiToken, 'sha256'>,
  random: RandomOctets,
): Promise<Result<{ readonly token: string; readonly entry: ApiToken }, string>> {
  const token = tokenPrefix + toBase64Url(random(tokenOctets))
  const entries = readTokens(JSON.stringify([{ ...fields, sha256: await digestOf(token) }]))
  if (!entries.ok) return entries
  const [entry] = entries.value
  return entry === undefined ? err('no entry was made') : ok({ token, entry })
}

async function digestOf(token: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', toUtf8(token))))
}

/** Whose token an `Authorization` header shows (RFC 6750 2.1); every token is compared, whichever fits. */
export async function tokenOf(
  authorization: string | undefined,
  tokens: readonly ApiToken[],
): Promise<ApiToken | undefined> {
  const shown = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1]
  if (shown === undefined) return undefined
  const hash = await digestOf(shown)
  return tokens.filter(({ sha256 }) => equalTextsInConstantTime(sha256, hash))[0]
}

/** Whether a token is good for this, at this store. */
export function mayDo(
  { scopes: given, stores }: Pick<ApiToken, 'scopes' | 'stores'>,
  scope: Scope,
  store?: string,
): boolean {
  return given.includes(scope) && (store === undefined || (stores?.includes(store) ?? true))
}

/** Whether an address may be told a token: whoever reads it on its way may do what it may. */
export function mayCarryToken(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)
}
