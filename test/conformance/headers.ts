import { readHeadersCase } from '#simulator/commands/inspect-case.ts'
import { readFormat } from '#simulator/commands/inspect-formats.ts'
import type { Tier } from './paths.ts'
import { casesOf } from './suites.ts'

/** Forwarded client certificates: headers of real products, and of hostile ones. */
export const headersSuite = 'headers'

type Facts = Readonly<Record<string, unknown>>

interface HeadersCase {
  readonly id: string
  readonly format: string
  readonly headers: Facts
  readonly headerNames?: Facts
  readonly expect: Facts & { readonly status: string }
  /** Other statuses that are right as well, among words for answers that we do not give. */
  readonly alsoOk?: readonly string[]
  readonly tier: Tier
}

/** One case, read once. */
export interface JudgedHeaders {
  readonly id: string
  readonly tier: Tier
  readonly right: boolean
  /** A status: `certs`, `fields`, `elements`, `absent` or `error`. */
  readonly expect: string
  readonly ours: string
  /** What of the answer was otherwise; empty where it is right. */
  readonly detail: string
}

/** Every case through the code of `sallyport inspect --batch`, told no more than a user would tell. */
export async function* judgeHeaders(file: string): AsyncGenerator<JudgedHeaders> {
  for await (const each of casesOf<HeadersCase>(file)) yield judge(each)
}

async function judge(each: HeadersCase): Promise<JudgedHeaders> {
  const { id, format, headers, headerNames, expect, tier } = each
  const asked = readHeadersCase(JSON.stringify({ id, format, headers, headerNames }))
  const answer: Facts & { readonly status: string } = { ...(await readFormat(asked)) }
  const isOther = answer.status !== expect.status && each.alsoOk?.includes(answer.status) === true
  const differing = isOther
    ? []
    : Object.keys(expect).filter((key) => !holds(answer[key], expect[key]))
  const told = (key: string): string =>
    `${key}: ${JSON.stringify(answer[key])}, theirs ${JSON.stringify(expect[key])}`
  const right = differing.length === 0
  const detail = differing.map(told).join('; ')
  return { id, tier, right, expect: expect.status, ours: answer.status, detail }
}

/** Whether an answer says what was expected: of an object it may say more. */
function holds(answer: unknown, expected: unknown): boolean {
  if (!isFacts(expected)) return JSON.stringify(answer) === JSON.stringify(expected)
  return isFacts(answer) && Object.keys(expected).every((key) => holds(answer[key], expected[key]))
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
