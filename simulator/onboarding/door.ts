import type { Bytes } from '#shared/bytes.ts'
import type { WorldKeys } from './keys.ts'

export type Operation = 'simpleenroll' | 'simplereenroll'

/** One question to the EST server (RFC 7030 4.2), as a device asks it. */
export interface Question {
  readonly operation: Operation
  /** DER of the certification request, or whatever a hostile one sends in its place. */
  readonly request: Bytes
  /** What is presented in the handshake; undefined: no certificate. */
  readonly presented: Credential | undefined
  /** RFC 9110 11.6.2; undefined: none is sent. */
  readonly authorization: string | undefined
}

export interface Credential {
  readonly der: Bytes
  /** Made when they are needed: where certificates come in a header nobody signs a handshake. */
  readonly keys: () => WorldKeys
}

export interface Answer {
  readonly status: number
  readonly text: string
  /** RFC 9110 10.2.3, in milliseconds; 0 where there is none. */
  readonly retryAfterMs: number
}

/** The way of a device to the EST server. */
export interface Door {
  /** Throws an Error where there is no answer: on loopback, and in process, there always is one. */
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** RFC 7030 3.2.2. */
export const estPath = '/.well-known/est'

/** `Retry-After` in seconds, as this edge writes it. */
export function retryAfterMs(value: string | null | undefined): number {
  const seconds = Number(value ?? 0)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}
