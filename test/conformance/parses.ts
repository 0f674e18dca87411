import type { EncodingQuestion } from './judge.ts'
import type { Verdict } from './paths.ts'
import type { Runtime } from './runtimes.ts'
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

export async function* parseSuite(
  suite: string,
  file: string,
  runtime: Runtime,
): AsyncGenerator<Parsed> {
  for await (const each of casesOf<ParseCase>(file)) {
    const start = performance.now()
    const [answer] = await runtime.ask('encoding', [questionOf(suite, each)])
    const ms = performance.now() - start
    if (answer === undefined) throw new Error('the runtime left an encoding unanswered')
    const { isRead, ...told } = answer
    const { id, consensus } = each
    const expect = each.expect ?? (consensus === 'split' ? undefined : consensus)
    yield { id, expect, ours: isRead ? 'accept' : 'reject', ...told, ms }
  }
}

function questionOf(suite: string, { kind, der }: ParseCase): EncodingQuestion {
  return { kind: suite === 'webpki-crlparse' || kind === 'crl' ? 'crl' : 'certificate', der }
}
