import { fromBase64, toBase64, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { checkAddress, type OpenHosts } from '../sources/address.ts'
import type { Finding } from './finding.ts'

/** Where findings are sent. Its address is a secret too: many have their token in it. */
export interface Webhook {
  readonly url: URL
  readonly secret: Bytes
}

/** Sends one message; as bounded in time, and as blind to redirects, as fetches of lists are. */
export type Post = (
  url: URL,
  init: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
) => Promise<Response>

/**
 * Reads the secrets `FINDINGS_WEBHOOK` (an https address) and `FINDINGS_WEBHOOK_SECRET` (`whsec_` and
 * base64 of 24 to 64 octets, as the Standard Webhooks specification has it), or another pair of them.
 *
 * @returns undefined where neither is set; a sentence that repeats no value where they cannot be used
 */
export function readWebhook(
  address: string | undefined,
  secret: string | undefined,
  open: OpenHosts,
  variable = 'FINDINGS_WEBHOOK',
): Result<Webhook | undefined, string> {
  const read = readWebhookOf({ address, secret, open, variable })
  return read.ok ? read : err(`${read.error.variable}: expected ${read.error.expected}`)
}

/** One of the two that cannot be used; no value is repeated. */
export interface WebhookFault {
  readonly variable: string
  readonly expected: string
}

export interface WebhookVariables {
  readonly address: string | undefined
  readonly secret: string | undefined
  readonly open: OpenHosts
  /** The address's name; the secret's is the same with `_SECRET`. */
  readonly variable: string
}

/** As `readWebhook`, with the variable at fault apart from what was expected of it. */
export function readWebhookOf({
  address,
  secret,
  open,
  variable,
}: WebhookVariables): Result<Webhook | undefined, WebhookFault> {
  if (address === undefined && secret === undefined) return ok(undefined)
  if (address === undefined) return err({ variable, expected: 'an address beside its secret' })
  const url = checkAddress(address, open)
  if (!url.ok) return err({ variable, expected: 'a public https address' })
  if (url.value.protocol !== 'https:' && !open.includes(url.value.host)) {
    return err({ variable, expected: 'https' })
  }
  const key = fromBase64((secret ?? '').replace(/^whsec_/, ''))
  if (key === undefined || key.length < 24 || key.length > 64) {
    const expected = 'whsec_ and base64 of 24 to 64 octets'
    return err({ variable: `${variable}_SECRET`, expected })
  }
  return ok({ url: url.value, secret: key })
}

/** Of one message; the rest is told with the next look. */
export const findingsOfMessageMax = 100

/**
 * Sends findings of a store, signed as Standard Webhooks says: HMAC-SHA256 over id, time and body.
 * The id is the body's own, so that a receiver knows what it got twice.
 *
 * @returns why it did not arrive, in words without the address
 */
export async function sendFindings(
  { url, secret }: Webhook,
  message: { readonly store: string; readonly findings: readonly Finding[]; readonly at: Instant },
  post: Post,
): Promise<Result<void, string>> {
  const { store, findings, at } = message
  const body = JSON.stringify({ type: 'trust_store.findings', store, findings })
  const headers = await signedHeaders(body, secret, at)
  try {
    const response = await post(url, { headers, body })
    await response.body?.cancel()
    return response.ok ? ok(undefined) : err(`it answers ${response.status}`)
  } catch {
    // What a runtime says of a connection that failed can hold the address.
    return err('it does not answer')
  }
}

/** The headers that go with a message: HMAC-SHA256 over its id, the time and the body (Standard Webhooks). */
export async function signedHeaders(
  body: string,
  secret: Bytes,
  at: Instant,
): Promise<Readonly<Record<string, string>>> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', toUtf8(body)))
  const id = `msg_${toHex(digest.subarray(0, 16))}`
  const timestamp = String(Math.floor(at / 1000))
  const signature = await hmacOf(secret, `${id}.${timestamp}.${body}`)
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${toBase64(signature)}`,
  }
}

async function hmacOf(secret: Bytes, text: string): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, toUtf8(text)))
}
