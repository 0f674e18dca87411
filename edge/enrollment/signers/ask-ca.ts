import { err, ok, type Result } from '#shared/result.ts'
import { readBounded } from '../../trust-stores/buckets/bucket-objects.ts'
import type { SignerFailure } from '../signer.ts'

/** Asks a CA elsewhere: the runtime's `fetch`, or what a test brings. */
export type AskCa = (request: Request) => Promise<Response>

/** The runtime's own `fetch`, looked up when it is asked. */
export const runtimeFetch: AskCa = (request) => fetch(request)

/** A certificate with the CAs above it takes some 8 kB; ten times that is no answer of a CA's. */
const answerOctetsMax = 96 * 1024

/** A device waits for it: longer, and it is told to come again, when the CA may have it ready. */
const deadlineMs = 20_000

/** An answer of a CA, of whatever status, in text. */
export interface CaAnswer {
  readonly status: number
  readonly text: string
}

/**
 * One question to a CA. Redirects are not followed: a token or a password is for nobody else.
 *
 * @returns the answer; a failure of the kind `unavailable` where there is none
 */
export async function askCa(
  ask: AskCa,
  url: string,
  init: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Promise<Result<CaAnswer, SignerFailure>> {
  try {
    const signal = AbortSignal.timeout(deadlineMs)
    const request = new Request(url, { ...init, method: 'POST', redirect: 'manual', signal })
    const response = await ask(request)
    if (response.body === null) return ok({ status: response.status, text: '' })
    const body = await readBounded(response.body, answerOctetsMax)
    if (!body.ok) return unavailable(`its answer is no CA's: ${body.error.because}`)
    return ok({ status: response.status, text: new TextDecoder().decode(body.value) })
  } catch (error) {
    return unavailable(`the CA does not answer: ${String(error)}`)
  }
}

export const unavailable = (because: string): Result<never, SignerFailure> =>
  err({ kind: 'unavailable', because })

export const refused = (because: string): Result<never, SignerFailure> =>
  err({ kind: 'refused', because })

/**
 * Whether to ask again: RFC 9110 15.5.9 and 15.5.20, 429 (RFC 6585), and whatever is the CA's own
 * trouble. 401 and 403 of a CA are its last word on this token and request.
 */
export const isPassing = (status: number): boolean =>
  status >= 500 || [408, 425, 429].includes(status)

/** Of what a CA says, as much as a line of a log holds, without anything that would break it. */
export const shortened = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 300)
