import { describe, expect, test } from 'vitest'
import { readPolicies } from '#edge/authorization/read-policies.ts'
import { policyDocument } from './documents.ts'

const nobodyAsked = { tokens: false, providers: [] } as const
const good = policyDocument({ name: 'cars', rules: [{}] })

test.each([
  { name: 'one', value: good, names: ['cars'] },
  { name: 'a list', value: [good, policyDocument({ name: 'meters' })], names: ['cars', 'meters'] },
  { name: 'as many as are read', value: Array.from({ length: 64 }, () => good), names: 64 },
])('$name', ({ value, names }) => {
  const read = readPolicies(JSON.stringify(value), 'AUTHORIZATION', nobodyAsked)
  const found = read.ok ? read.value.map((policy) => policy.name) : []
  expect(typeof names === 'number' ? found.length : found).toEqual(names)
})

interface Wrong {
  readonly name: string
  readonly text: string
  readonly at: readonly (readonly [file: string, key: string])[]
}

const whole = [['F', '']] as const
const when = (key: string) => [{ when: [{ key, values: ['x'] }] }]

const wrong: readonly Wrong[] = [
  { name: 'no JSON', text: 'kind: AuthorizationPolicy', at: whole },
  { name: 'nothing', text: '', at: whole },
  { name: 'no policy', text: '[]', at: whole },
  { name: 'one too many', text: JSON.stringify(Array.from({ length: 65 }, () => good)), at: whole },
  { name: 'too long', text: JSON.stringify(good) + ' '.repeat(64 * 1024), at: whole },
  { name: 'another kind', text: '[7]', at: [['F[0]', '']] },
  {
    name: 'a misspelt field of the second',
    text: JSON.stringify([good, policyDocument({ rules: [{ form: [] }] })]),
    at: [['F[1]', 'spec.rules[0].form']],
  },
  {
    name: 'a provider, whom nobody asks',
    text: JSON.stringify(
      policyDocument({ action: 'CUSTOM', provider: { name: 'p' }, rules: [{}] }),
    ),
    at: [['F[0]', 'spec.provider.name']],
  },
  ...[
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'request.auth.claims[iss]',
  ].map((key) => ({
    name: `${key}, of a token that nobody verifies`,
    text: JSON.stringify(policyDocument({ rules: [{}, ...when(key)] })),
    at: [['F[0]', 'spec.rules[1]']] as const,
  })),
  {
    name: 'requestPrincipals',
    text: JSON.stringify(
      policyDocument({ rules: [{ from: [{ source: { requestPrincipals: ['*'] } }] }] }),
    ),
    at: [['F[0]', 'spec.rules[0]']],
  },
  {
    name: 'notRequestPrincipals',
    text: JSON.stringify(
      policyDocument({ rules: [{ from: [{ source: { notRequestPrincipals: ['*'] } }] }] }),
    ),
    at: [['F[0]', 'spec.rules[0]']],
  },
]

describe('a fault names file and key, and nothing is in force', () => {
  test.each(wrong)('$name', ({ text, at }) => {
    const read = readPolicies(text, 'F', nobodyAsked)
    const found = read.ok ? [] : read.error.map(({ file, key }) => [file, key])
    expect(found).toEqual(expect.arrayContaining([...at]))
    expect(read.ok).toBe(false)
  })
})
