import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type * as z from 'zod'
import { messageOf, unusable } from '../options.ts'
import { problemForm, type Problem } from './forms.ts'

/** Why there is no answer to go by. */
export interface Failure {
  /** `refused`: the control plane said no. `unusable`: what it was asked with. `away`: nobody answers. */
  readonly kind: 'refused' | 'unusable' | 'away'
  /** The API's word, where it said one. */
  readonly code?: string
  /** For people. */
  readonly message: string
}

/** What is asked of a control plane. */
export interface Question<Schema extends z.ZodType> {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1/`. */
  readonly path: string
  /** Octets, or what is sent as JSON. */
  readonly body?: object
  readonly answer: Schema
}

/** A control plane, as one token may ask it. */
export interface Client {
  readonly url: string
  ask<Schema extends z.ZodType>(
    question: Question<Schema>,
  ): Promise<Result<z.infer<Schema>, Failure>>
}

export interface ClientOptions {
  readonly url: string
  /** Goes into one header, and nowhere else. */
  readonly token: string
}

/** A change with a list of sixty megabytes over a slow line; nobody waits longer for a prompt. */
const timeoutMs = 120_000

export function createClient({ url, token }: ClientOptions): Client {
  const base = url.endsWith('/') ? url : `${url}/`
  return {
    url,
    async ask({ method = 'GET', path, body, answer }) {
      const reached = await reach(new URL(`api/v1/${path}`, base), {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': contentTypeOf(body) },
        body: encoded(body),
      })
      if (!reached.ok) return reached
      const { status, text } = reached.value
      if (status >= 300) return err(failureOf(url, status, text))
      const read = answer.safeParse(text === '' ? undefined : jsonOf(text))
      return read.success ? ok(read.data) : err(noAnswer(url))
    },
  }
}

/** The answer, or the end of the command with the reason. */
export function answerOf<Value>(result: Result<Value, Failure>): Value {
  return result.ok ? result.value : endWith(result.error)
}

/** Ends the command: 1 where the control plane said no, 2 where it could not be asked like this. */
export function endWith({ kind, message }: Failure): never {
  if (kind !== 'refused') return unusable(message)
  console.error(`sallyport: ${message}`)
  process.exit(1)
}

interface Reached {
  readonly status: number
  readonly text: string
}

/** No redirect is followed: the token goes nowhere but where it was meant for. */
async function reach(url: URL, request: RequestInit): Promise<Result<Reached, Failure>> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { ...request, redirect: 'manual', signal })
    return ok({ status: response.status, text: await response.text() })
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return err({ kind: 'away', message: `${url.origin} does not answer: ${messageOf(cause)}` })
  }
}

const contentTypeOf = (body: object | undefined): string =>
  body instanceof Uint8Array ? 'application/octet-stream' : 'application/json'

function encoded(body: object | undefined): Bytes | string | null {
  if (body === undefined) return null
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
}

const noAnswer = (url: string): Failure => ({
  kind: 'unusable',
  message: `${url} answers, and not as a control plane: is the address right?`,
})

function failureOf(url: string, status: number, text: string): Failure {
  const read = problemForm.safeParse(jsonOf(text))
  if (!read.success) return noAnswer(url)
  const { code } = read.data
  return { kind: kindOf(status), code, message: sentenceOf(status, read.data) }
}

function kindOf(status: number): Failure['kind'] {
  if (status >= 500) return 'away'
  return status === 400 || status === 401 ? 'unusable' : 'refused'
}

function sentenceOf(status: number, { code, detail, refusal, errors = [] }: Problem): string {
  if (status === 401) {
    return 'the control plane does not know this token: look at SALLYPORT_TOKEN or --token-file'
  }
  if (status === 403) return `this token may not do that: ${detail ?? code}`
  const faults = errors.map(({ at, expected }) => (at === '' ? expected : `${at}: ${expected}`))
  const said = [detail, ...faults].filter((part) => part !== undefined)
  const words = (refusal ?? code).replaceAll('_', ' ')
  return said.length === 0 ? words : `${words}: ${said.join('; ')}`
}

/** What a text says as JSON; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
