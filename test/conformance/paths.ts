import { answerCase, type Answer } from '#simulator/commands/verify-answer.ts'
import { readCase } from '#simulator/commands/verify-case.ts'
import { linesOfSuite } from './suites.ts'

/** Suites of path cases, in the order of the table. */
export const pathSuites = [
  'limbo-client',
  'pkits',
  'bettertls-path-client',
  'bssl-chain',
  'bssl-crl',
  'openssl-verify',
  'openssl-crl',
  'webpki-crl',
  'rfc9440-chain',
  'frankenchain-dev',
] as const

export type Tier = 'core' | 'strict' | 'policy' | 'dos'
export type Verdict = 'accept' | 'reject'

/** What a suite's line says beside the question. */
interface Expected {
  readonly id: string
  readonly tier: Tier
  readonly applicable: boolean
  readonly clientApplicable: boolean
  readonly purpose: string
  readonly expect: Verdict
  readonly policy: { readonly expectUserConstrainedPolicySet?: readonly string[] } | null
}

/** One case, asked once. */
export interface Judged {
  readonly suite: string
  /** With ` as client` behind where the purpose was replaced. */
  readonly id: string
  readonly tier: Tier
  /** With its own purpose, or as a client's certificate. */
  readonly profile: 'native' | 'client'
  /** Whether the purpose asked for was a client's, its own or replaced. */
  readonly isClient: boolean
  readonly expect: Verdict
  readonly ours: Verdict
  /** The reason, or what else of the answer was not as expected. */
  readonly detail: string
  readonly ms: number
}

/** Every applicable case of one suite: with its own purpose and, where its EKUs let it, as a client's. */
export async function* judgeSuite(suite: string, file: string): AsyncGenerator<Judged> {
  for await (const line of linesOfSuite(file)) {
    const expected = JSON.parse(line) as Expected
    if (!expected.applicable) continue
    yield await judge(suite, expected, line, 'native')
    if (expected.clientApplicable && expected.purpose !== 'client') {
      yield await judge(suite, expected, line, 'client')
    }
  }
}

async function judge(
  suite: string,
  expected: Expected,
  line: string,
  profile: Judged['profile'],
): Promise<Judged> {
  const asked = readCase(line)
  const start = performance.now()
  const answer = await answerCase(profile === 'client' ? { ...asked, purpose: 'client' } : asked)
  const ms = performance.now() - start
  const id = profile === 'client' ? `${expected.id} as client` : expected.id
  const { tier, expect } = expected
  const ours = answer.outcome === 'accepted' ? 'accept' : 'reject'
  const isClient = profile === 'client' || expected.purpose === 'client'
  const detail = describe(answer, expected)
  return { suite, id, tier, profile, isClient, expect, ours, ms, detail }
}

function describe(answer: Answer, { policy }: Expected): string {
  const wanted = inOrder(policy?.expectUserConstrainedPolicySet)
  const got = inOrder(answer['policies'])
  const differs = wanted !== undefined && got !== undefined && wanted !== got
  return [
    textOf(answer['code']),
    differs ? `policies ${got}, theirs ${wanted}` : '',
    textOf(answer['unsupported'], 'not honoured: '),
    textOf(answer['unreadable'], 'not read: '),
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function inOrder(policies: unknown): string | undefined {
  return Array.isArray(policies) ? policies.toSorted().join(' ') : undefined
}

function textOf(fact: unknown, title = ''): string {
  if (typeof fact === 'string') return `${title}${fact}`
  return Array.isArray(fact) ? `${title}${fact.join(', ')}` : ''
}
