import { describe, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Attempt, Observation } from '#simulator/oracle/attempt.ts'
import { createOracle } from '#simulator/oracle/oracle.ts'
import type { Phase, Scenario } from '#simulator/scenario/scenario.ts'
import { minimal, scenarioOf } from '../scenario/minimal.ts'

const [secondMs, dayMs] = [1000, 86_400_000]
const base = scenarioOf(minimal)
const { start } = base.time
const ends = shift(start, 28 * dayMs)
const revokedAt = shift(start, 10 * dayMs)
const publishedAt = shift(revokedAt, 300 * secondMs)
const day = (days: number) => shift(start, days * dayMs)

const phase = (name: string, rest: Partial<Phase>): Phase => ({
  name,
  forMs: dayMs,
  mode: 'verify',
  expired: { word: 'refuse' },
  cookies: false,
  ...rest,
})
const scenario: Scenario = {
  ...base,
  phases: [
    phase('strict', {}),
    phase('grace', { expired: { word: 'grace', forMs: dayMs } }),
    phase('allow', { expired: { word: 'allow' } }),
    phase('cookies', { mode: 'passthrough', cookies: true }),
    phase('verify-cookies', { cookies: true }),
  ],
}

/** A good certificate 0A, one that is revoked (0B), one whose revocation is not yet published (0C). */
function newLedger(): Ledger {
  const ledger = new Ledger()
  const validity = { notBefore: start, notAfter: shift(ends, 999), issuedAt: start }
  for (const serial of ['0A', '0B']) {
    ledger.recordIssued({ serial, issuer: 'issuing-1', device: `car-${serial}`, ...validity })
  }
  ledger.recordIssued({ serial: '0C', issuer: 'issuing-2', device: 'car-0C', ...validity })
  const longer = { ...validity, notAfter: day(90) }
  ledger.recordIssued({ serial: '0E', issuer: 'issuing-1', device: 'car-0E', ...longer })
  const server = { device: 'a server', purpose: 'server' } as const
  ledger.recordIssued({ serial: '0D', issuer: 'issuing-1', ...server, ...validity })
  ledger.recordRevoked('0B', revokedAt, 'keyCompromise')
  ledger.recordRevoked('0C', revokedAt, 'keyCompromise')
  ledger.recordPublished('issuing-1', publishedAt)
  return ledger
}

const regular: Attempt = {
  id: 1,
  at: day(1),
  phase: 'strict',
  actor: 'car-0A',
  intent: 'regular',
  protocol: 'https',
  serial: '0A',
  cookieSerial: undefined,
  connection: 'fresh',
}
const accepted = (identitySerial: string | undefined = '0A'): Observation => ({
  outcome: 'accepted',
  identitySerial,
  session: 'none',
  latencyMs: 1,
})
const refused = (code: string): Observation => ({ outcome: 'refused', code, latencyMs: 1 })

interface Setting {
  readonly profile?: Scenario['front']['profile']
  readonly toleranceMs?: number
}

/** The verdict on one attempt, as one word. */
function judged(
  attempt: Partial<Attempt>,
  observation: Observation,
  setting: Setting = {},
): string {
  const { profile = 'cloudflare', toleranceMs = 0 } = setting
  const front = { ...scenario.front, profile }
  const oracle = createOracle({
    ledger: newLedger(),
    scenario: { ...scenario, front },
    toleranceMs,
  })
  return oracle.judge({ ...regular, ...attempt }, observation).verdict
}

const serials = (serial: string | undefined) => ({ serial })

const longChainCodes = [
  'chain_too_deep',
  'certificate_withheld',
  'certificate_too_large',
  'presentation_malformed',
  'budget_exhausted',
]

/** Every boundary: who, when, under which policy; what acceptance is worth, and which refusal is right. */
const boundaries: readonly {
  name: string
  attempt: Partial<Attempt>
  accept: 'right' | 'either' | 'wrong_accept'
  refuse?: readonly string[]
}[] = [
  { name: 'a good device', attempt: {}, accept: 'right' },
  // Validity
  {
    name: 'the instant before it begins',
    attempt: { at: shift(start, -1) },
    accept: 'wrong_accept',
    refuse: ['not_yet_valid'],
  },
  {
    name: 'the instant before it begins, with a cookie that it got after that',
    attempt: { at: shift(start, -1), phase: 'cookies', cookieSerial: '0A' },
    accept: 'either',
    refuse: ['not_yet_valid'],
  },
  { name: 'the instant it begins', attempt: { at: start }, accept: 'right' },
  { name: 'the instant it ends, in whole seconds', attempt: { at: ends }, accept: 'right' },
  {
    name: 'the instant after',
    attempt: { at: shift(ends, 1) },
    accept: 'wrong_accept',
    refuse: ['expired'],
  },
  // Grace
  {
    name: 'the end, under grace',
    attempt: { at: shift(ends, 1), phase: 'grace' },
    accept: 'right',
  },
  {
    name: 'the end of the grace',
    attempt: { at: shift(ends, dayMs), phase: 'grace' },
    accept: 'right',
  },
  {
    name: 'the instant after the grace',
    attempt: { at: shift(ends, dayMs + 1), phase: 'grace' },
    accept: 'wrong_accept',
    refuse: ['expired'],
  },
  {
    name: 'a year after the end, where that is allowed',
    attempt: { at: day(400), phase: 'allow' },
    accept: 'right',
  },
  // Revocation
  {
    name: 'revoked, the instant before publication',
    attempt: { ...serials('0B'), at: shift(publishedAt, -1) },
    accept: 'right',
  },
  {
    name: 'revoked, at publication',
    attempt: { ...serials('0B'), at: publishedAt },
    accept: 'either',
    refuse: ['revoked'],
  },
  {
    name: 'revoked, at the bound',
    attempt: { ...serials('0B'), at: shift(publishedAt, 5000) },
    accept: 'either',
    refuse: ['revoked'],
  },
  {
    name: 'revoked, the instant after the bound',
    attempt: { ...serials('0B'), at: shift(publishedAt, 5001) },
    accept: 'wrong_accept',
    refuse: ['revoked'],
  },
  { name: 'revoked, never published', attempt: { ...serials('0C'), at: day(20) }, accept: 'right' },
  // Both
  {
    name: 'revoked and expired',
    attempt: { ...serials('0B'), at: day(29) },
    accept: 'wrong_accept',
    refuse: ['revoked', 'expired'],
  },
  {
    name: 'revoked and in its grace',
    attempt: { ...serials('0B'), at: shift(ends, 1), phase: 'grace' },
    accept: 'wrong_accept',
    refuse: ['revoked'],
  },
  {
    name: 'revoked and expired, where that is allowed',
    attempt: { ...serials('0B'), at: day(29), phase: 'allow' },
    accept: 'wrong_accept',
    refuse: ['revoked'],
  },
  {
    name: 'revoked, unpublished and expired',
    attempt: { ...serials('0C'), at: day(29) },
    accept: 'wrong_accept',
    refuse: ['expired'],
  },
  // Strangers
  {
    name: 'no certificate',
    attempt: { ...serials(undefined), intent: 'no_certificate' },
    accept: 'wrong_accept',
    refuse: ['no_certificate'],
  },
  {
    name: 'no certificate, but a header',
    attempt: { ...serials(undefined), intent: 'forged_header' },
    accept: 'wrong_accept',
    refuse: ['header_forged', 'no_certificate'],
  },
  {
    name: 'a certificate, and a header of another',
    attempt: { intent: 'header_besides' },
    accept: 'either',
    refuse: ['header_forged'],
  },
  {
    name: 'a forged chain with a good serial',
    attempt: { intent: 'forged_chain' },
    accept: 'wrong_accept',
    refuse: ['untrusted', 'signature_invalid'],
  },
  {
    name: 'a forged chain with a revoked serial',
    attempt: { ...serials('0B'), intent: 'forged_chain', at: day(29) },
    accept: 'wrong_accept',
    refuse: ['untrusted', 'signature_invalid'],
  },
  {
    name: 'a good serial over another key',
    attempt: { intent: 'swapped_key' },
    accept: 'wrong_accept',
    refuse: ['signature_invalid'],
  },
  {
    name: 'a certificate of a server',
    attempt: { ...serials('0D'), intent: 'wrong_purpose' },
    accept: 'wrong_accept',
    refuse: ['purpose_forbids'],
  },
  {
    name: 'a certificate of a server that has ended',
    attempt: { ...serials('0D'), intent: 'wrong_purpose', at: day(29) },
    accept: 'wrong_accept',
    refuse: ['purpose_forbids', 'expired'],
  },
  {
    name: 'a long chain',
    attempt: { intent: 'long_chain' },
    accept: 'either',
    refuse: longChainCodes,
  },
  {
    name: 'a long chain of one that has ended',
    attempt: { intent: 'long_chain', at: day(29) },
    accept: 'wrong_accept',
    refuse: [...longChainCodes, 'expired'],
  },
  {
    name: 'an intermediate that has ended',
    attempt: { intent: 'ended_intermediate' },
    accept: 'either',
    refuse: ['expired'],
  },
  {
    name: 'a serial nobody issued',
    attempt: serials('0F'),
    accept: 'wrong_accept',
    refuse: ['untrusted', 'signature_invalid'],
  },
  // Cookies
  { name: 'its own cookie', attempt: { phase: 'cookies', cookieSerial: '0A' }, accept: 'right' },
  {
    name: 'a copied cookie',
    attempt: { phase: 'cookies', cookieSerial: '0B', intent: 'copied_cookie' },
    accept: 'wrong_accept',
    refuse: ['session_of_other_certificate'],
  },
  {
    name: 'a copied cookie by an expired device',
    attempt: { phase: 'cookies', cookieSerial: '0E', at: day(29) },
    accept: 'wrong_accept',
    refuse: ['session_of_other_certificate', 'expired'],
  },
  {
    name: 'a copied cookie as its owner ends',
    attempt: { ...serials('0E'), phase: 'cookies', cookieSerial: '0A', at: ends },
    accept: 'wrong_accept',
    refuse: ['session_of_other_certificate'],
  },
  {
    name: 'a copied cookie of an owner that has ended, and the cookie with it',
    attempt: { ...serials('0E'), phase: 'cookies', cookieSerial: '0A', at: shift(ends, 1) },
    accept: 'right',
  },
  {
    name: 'a copied cookie where none is taken',
    attempt: { cookieSerial: '0B', intent: 'copied_cookie' },
    accept: 'right',
  },
  {
    name: 'its own cookie after revocation',
    attempt: { ...serials('0B'), phase: 'cookies', cookieSerial: '0B', at: day(20) },
    accept: 'wrong_accept',
    refuse: ['revoked'],
  },
  {
    name: 'a cookie and no certificate',
    attempt: { ...serials(undefined), phase: 'cookies', cookieSerial: '0A' },
    accept: 'wrong_accept',
    refuse: ['no_certificate'],
  },
]

const allCodes = [
  'no_certificate',
  'header_forged',
  'untrusted',
  'signature_invalid',
  'session_of_other_certificate',
  'revoked',
  'expired',
  'not_yet_valid',
  'connection_closed',
  'revocation_unknown',
  'purpose_forbids',
  ...longChainCodes,
  'anything',
]

describe('each boundary', () => {
  test.each(boundaries)('$name: to accept is $accept', ({ attempt, accept }) => {
    const serial = 'serial' in attempt ? attempt.serial : '0A'
    expect(judged(attempt, accepted(serial))).toBe(accept)
  })

  test.each(boundaries)(
    '$name: to refuse is right for $refuse only',
    ({ attempt, accept, refuse = [] }) => {
      const explained = accept === 'either' ? 'either' : 'right'
      for (const code of allCodes) {
        const verdict = refuse.includes(code) ? explained : 'unexplained_refusal'
        expect(`${code} ${judged(attempt, refused(code))}`).toBe(`${code} ${verdict}`)
      }
    },
  )
})

describe('a connection that is closed without a word', () => {
  const nobody = { serial: undefined, intent: 'no_certificate' } as const
  const thief = { phase: 'cookies', cookieSerial: '0B', intent: 'copied_cookie' } as const
  test.each([
    { name: 'alb in verify mode', attempt: nobody, profile: 'alb', verdict: 'right' },
    { name: 'alb, a good device', attempt: {}, profile: 'alb', verdict: 'unexplained_refusal' },
    { name: 'alb, an expired one', attempt: { at: day(29) }, profile: 'alb', verdict: 'right' },
    {
      name: 'alb in passthrough mode',
      attempt: { ...nobody, phase: 'cookies' },
      profile: 'alb',
      verdict: 'unexplained_refusal',
    },
    {
      name: 'alb, a copied cookie',
      attempt: thief,
      profile: 'alb',
      verdict: 'unexplained_refusal',
    },
    { name: 'cloudflare', attempt: nobody, profile: 'cloudflare', verdict: 'unexplained_refusal' },
  ] as const)('$name: $verdict', ({ attempt, profile, verdict }) => {
    expect(judged(attempt, refused('connection_closed'), { profile })).toBe(verdict)
  })
})

describe('a copied cookie where an ALB verifies: its bearer comes in by its own certificate', () => {
  const thief = { phase: 'verify-cookies', cookieSerial: '0B', intent: 'copied_cookie' } as const
  test.each([
    { name: 'as itself', profile: 'alb', seen: accepted('0A'), verdict: 'right' },
    {
      name: "as the cookie's owner",
      profile: 'alb',
      seen: accepted('0B'),
      verdict: 'wrong_accept',
    },
    {
      name: 'refused for the cookie',
      profile: 'alb',
      seen: refused('session_of_other_certificate'),
      verdict: 'unexplained_refusal',
    },
    { name: 'elsewhere', profile: 'nginx', seen: accepted('0A'), verdict: 'wrong_accept' },
  ] as const)('$name, $profile: $verdict', ({ profile, seen, verdict }) => {
    expect(judged(thief, seen, { profile })).toBe(verdict)
  })
})

describe('who was let in', () => {
  test.each([
    { name: 'somebody else', attempt: {}, identity: '0B', verdict: 'wrong_accept' },
    { name: 'nobody by name', attempt: {}, identity: undefined, verdict: 'wrong_accept' },
    {
      name: 'nobody by name, over MQTT',
      attempt: { protocol: 'mqtt' },
      identity: undefined,
      verdict: 'right',
    },
    {
      name: 'somebody else, over MQTT',
      attempt: { protocol: 'mqtt' },
      identity: '0B',
      verdict: 'wrong_accept',
    },
  ] as const)('$name: $verdict', ({ attempt, identity, verdict }) => {
    const observation = {
      outcome: 'accepted',
      identitySerial: identity,
      session: 'none',
      latencyMs: 1,
    } as const
    expect(judged(attempt, observation)).toBe(verdict)
  })
})

const at = (instant: Instant, ms: number, serial = '0A') => ({ at: shift(instant, ms), serial })

describe('clocks that are a second apart', () => {
  const setting = { toleranceMs: secondMs }
  test.each([
    { name: 'a second before the end', attempt: at(ends, -secondMs), accept: 'right' },
    { name: 'within a second before the end', attempt: at(ends, -secondMs + 1), accept: 'either' },
    { name: 'a second after the end', attempt: at(ends, secondMs), accept: 'either' },
    { name: 'more than a second after', attempt: at(ends, secondMs + 1), accept: 'wrong_accept' },
    {
      name: 'more than a second before it begins',
      attempt: at(start, -secondMs - 1),
      accept: 'wrong_accept',
    },
    { name: 'a second before it begins', attempt: at(start, -secondMs), accept: 'either' },
    { name: 'a second after it began', attempt: at(start, secondMs), accept: 'right' },
    {
      name: 'just before a second before publication',
      attempt: at(publishedAt, -secondMs - 1, '0B'),
      accept: 'right',
    },
    {
      name: 'a second before publication',
      attempt: at(publishedAt, -secondMs, '0B'),
      accept: 'either',
    },
    { name: 'a second after the bound', attempt: at(publishedAt, 6000, '0B'), accept: 'either' },
    {
      name: 'more than a second after the bound',
      attempt: at(publishedAt, 6001, '0B'),
      accept: 'wrong_accept',
    },
  ])('$name: to accept is $accept', ({ attempt, accept }) => {
    expect(judged(attempt, accepted(attempt.serial), setting)).toBe(accept)
  })
})

test('broken is broken, and says what', () => {
  const oracle = createOracle({ ledger: newLedger(), scenario })
  const observation = { outcome: 'broken', detail: 'time-out', latencyMs: 1 } as const
  expect(oracle.judge(regular, observation)).toEqual({ verdict: 'broken', because: 'time-out' })
})

test('a phase that the scenario lacks is an error of the caller', () => {
  expect(() => judged({ phase: 'other' }, accepted())).toThrow(/no phase "other"/)
})

describe('exposure windows', () => {
  const window = { device: 'car-0B', serial: '0B', reason: 'keyCompromise', revokedAt, publishedAt }
  const none = {
    lastAcceptedAt: undefined,
    attemptsAfterPublication: 0,
    exposureMs: 0,
    byMeans: {},
  }

  /** The window of 0B after tries at these milliseconds from publication. */
  function after(tries: readonly (readonly [number, Observation, Partial<Attempt>?])[]) {
    const oracle = createOracle({ ledger: newLedger(), scenario })
    for (const [ms, observation, attempt] of tries) {
      oracle.judge(
        { ...regular, serial: '0B', at: shift(publishedAt, ms), ...attempt },
        observation,
      )
    }
    return oracle.exposures().find(({ serial }) => serial === '0B')
  }

  test('nobody tried: no exposure', () => {
    expect(after([])).toEqual({ ...window, ...none })
  })

  test('accepted before publication only: no exposure', () => {
    const lastAcceptedAt = shift(publishedAt, -1)
    expect(after([[-1, accepted('0B')]])).toEqual({ ...window, ...none, lastAcceptedAt })
  })

  test('accepted before its revocation says nothing', () => {
    expect(after([[-300 * secondMs - 1, accepted('0B')]])).toEqual({ ...window, ...none })
  })

  test('from publication to the last acceptance, whatever was refused in between', () => {
    const tries = [
      [0, accepted('0B')],
      [1000, refused('revoked')],
      [3000, accepted('0B')],
      [9000, refused('revoked')],
    ] as const
    const lastAcceptedAt = shift(publishedAt, 3000)
    expect(after(tries)).toEqual({
      ...window,
      lastAcceptedAt,
      attemptsAfterPublication: 4,
      exposureMs: 3000,
      byMeans: { full: { tries: 4, exposureMs: 3000 } },
    })
  })

  test('a forged chain with its serial is not its certificate', () => {
    const forged = { intent: 'forged_chain' } as const
    expect(after([[1000, refused('untrusted'), forged]])).toEqual({ ...window, ...none })
  })

  test('a revocation that is not yet published has no exposure', () => {
    const oracle = createOracle({ ledger: newLedger(), scenario })
    oracle.judge({ ...regular, serial: '0C', at: day(20) }, accepted('0C'))
    expect(oracle.exposures()[1]).toMatchObject({
      serial: '0C',
      publishedAt: undefined,
      exposureMs: 0,
    })
  })
})
