import type { Answer } from '#simulator/commands/verify-answer.ts'
import type { CaseQuestion } from './judge.ts'
import { asClient } from './ledger.ts'
import type { Runtime } from './runtimes.ts'
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
  /** Undefined in the tier `dos`. */
  readonly expect: Verdict | undefined
  readonly ours: Verdict
  /** PKITS: not the user-constrained-policy-set (RFC 5280 6.1.6) that the suite expects. */
  readonly otherPolicies: boolean
  /** Whether a CA that is asked for every MUST of RFC 5280 section 4 would be refused; undefined where not asked. */
  readonly underConforming: Verdict | undefined
  /** The reason, or what else of the answer was not as expected. */
  readonly detail: string
  readonly ms: number
}

/** Every applicable case of one suite: with its own purpose and, where its EKUs let it, as a client's. */
export async function* judgeSuite(
  suite: string,
  file: string,
  runtime: Runtime,
): AsyncGenerator<Judged> {
  for await (const line of linesOfSuite(file)) {
    const expected = JSON.parse(line) as Expected
    if (!expected.applicable) continue
    const given = { suite, expected, line, runtime }
    yield await judge(given, 'native')
    if (expected.clientApplicable && expected.purpose !== 'client')
      yield await judge(given, 'client')
  }
}

interface Given {
  readonly suite: string
  readonly expected: Expected
  readonly line: string
  readonly runtime: Runtime
}

async function judge(
  { suite, expected, line, runtime }: Given,
  profile: Judged['profile'],
): Promise<Judged> {
  const question: CaseQuestion = {
    text: line,
    otherwise: profile === 'client' ? { purpose: 'client' } : {},
  }
  const start = performance.now()
  const answer = await answerOf(question, runtime)
  const ms = performance.now() - start
  const ours = verdictOf(answer)
  const isAskedAgain =
    expected.tier === 'strict' && expected.expect === 'reject' && ours === 'accept'
  return {
    suite,
    id: profile === 'client' ? `${expected.id}${asClient}` : expected.id,
    tier: expected.tier,
    profile,
    isClient: profile === 'client' || expected.purpose === 'client',
    // Of a case that is made to be dear any verdict is right, if it comes in time.
    expect: expected.tier === 'dos' ? undefined : expected.expect,
    ours,
    otherPolicies: otherPolicies(answer, expected) !== '',
    underConforming: isAskedAgain ? await conformingVerdict(question, runtime) : undefined,
    ms,
    detail: describe(answer, expected),
  }
}

async function answerOf(question: CaseQuestion, runtime: Runtime): Promise<Answer> {
  const [answer] = await runtime.ask('case', [question])
  if (answer === undefined) throw new Error('the runtime left a case unanswered')
  return answer
}

/** The strict tier asks for MUSTs that only the strictest profile asks for: what that says is told too. */
async function conformingVerdict(question: CaseQuestion, runtime: Runtime): Promise<Verdict> {
  const otherwise = { ...question.otherwise, profile: 'conforming' } as const
  return verdictOf(await answerOf({ ...question, otherwise }, runtime))
}

function verdictOf(answer: Answer): Verdict {
  return answer.outcome === 'accepted' ? 'accept' : 'reject'
}

function describe(answer: Answer, expected: Expected): string {
  return [
    textOf(answer['code']),
    otherPolicies(answer, expected),
    textOf(answer['unsupported'], 'not honoured: '),
    textOf(answer['unreadable'], 'not read: '),
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function otherPolicies(answer: Answer, { policy }: Expected): string {
  const wanted = inOrder(policy?.expectUserConstrainedPolicySet)
  const got = inOrder(answer['policies'])
  const differs = wanted !== undefined && got !== undefined && wanted !== got
  return differs ? `policies ${got}, theirs ${wanted}` : ''
}

function inOrder(policies: unknown): string | undefined {
  return Array.isArray(policies) ? policies.toSorted().join(' ') : undefined
}

function textOf(fact: unknown, title = ''): string {
  if (typeof fact === 'string') return `${title}${fact}`
  return Array.isArray(fact) ? `${title}${fact.join(', ')}` : ''
}
