import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Verdict } from './paths.ts'
import { casesOf } from './suites.ts'

/** Suites of encodings: is it read, or refused as malformed? */
export const parseSuites = [
  'bssl-parse',
  'webpki-crlparse',
  'fuzz-openssl-x509',
  'fuzz-openssl-crl',
] as const

interface ParseCase {
  readonly id: string
  /** Of a `tbsCertificate`, too, a whole certificate: the suite has put a frame around it. */
  readonly der: string
  readonly kind?: 'certificate' | 'tbsCertificate' | 'x509' | 'crl'
  readonly expect?: Verdict
  /** Of the fuzz corpora: what four parsers agree on. */
  readonly consensus?: Verdict | 'split'
}

/** One encoding, read or refused. `expect` is undefined where four parsers do not agree. */
export interface Parsed {
  readonly id: string
  readonly expect: Verdict | undefined
  readonly ours: Verdict
  /** What the parser missed, or what it threw. */
  readonly detail: string
  readonly threw: boolean
  readonly ms: number
}

export async function* parseSuite(suite: string, file: string): AsyncGenerator<Parsed> {
  for await (const each of casesOf<ParseCase>(file)) {
    const der = fromBase64(each.der) ?? new Uint8Array()
    const { consensus } = each
    const expect = each.expect ?? (consensus === 'split' ? undefined : consensus)
    yield { id: each.id, expect, ...timed(() => parse(suite, each, der)) }
  }
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: Fault }
type Fault = { readonly offset: number; readonly expected: string }

function parse(suite: string, { kind }: ParseCase, der: Bytes): Outcome {
  if (suite === 'webpki-crlparse' || kind === 'crl') return parseCrl(der)
  return parseCertificate(der)
}

function timed(parseIt: () => Outcome): Pick<Parsed, 'ours' | 'detail' | 'threw' | 'ms'> {
  const start = performance.now()
  const { outcome, threw } = caught(parseIt)
  const ms = performance.now() - start
  if (outcome.ok) return { ours: 'accept', detail: '', threw, ms }
  const { offset, expected } = outcome.error
  return { ours: 'reject', detail: `byte ${offset}: expected ${expected}`, threw, ms }
}

/** A parser that throws has failed, whatever it was given: told in the table, and the run fails. */
function caught(parseIt: () => Outcome): { readonly outcome: Outcome; readonly threw: boolean } {
  try {
    return { outcome: parseIt(), threw: false }
  } catch (error) {
    return {
      outcome: { ok: false, error: { offset: 0, expected: `no ${String(error)}` } },
      threw: true,
    }
  }
}
