import { beforeEach, describe, expect, test } from 'vitest'
import { readListener } from '#edge/config.ts'
import type { ListenerSettings } from '#edge/control/listeners.ts'
import {
  createFollowedListener,
  heldWhile,
  overruledVariables,
  variablesUnder,
  withRenamedHeaders,
  type FollowedListener,
} from '#edge/followed-listener.ts'
import { foreignHeaders } from '#edge/platforms/strip.ts'
import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { setClock, staleMs, type SetClock } from './stage.ts'

const settings: ListenerSettings = {
  id: '0000000000000001',
  version: 1,
  mode: 'verify',
  trustStore: 'cars',
  ignoreExpiry: false,
  renamed: {},
}

let clock: SetClock
let answer: ListenerSettings | undefined | Error
let asked: number
let reports: string[]
let background: Promise<unknown>[]
let followed: FollowedListener

beforeEach(() => {
  clock = setClock()
  answer = settings
  asked = 0
  reports = []
  background = []
  followed = createFollowedListener({
    ask: async () => {
      asked += 1
      if (answer instanceof Error) throw answer
      return answer
    },
    maxStalenessMs: staleMs,
    failStaticMs: 60_000,
    clock,
    background: (work) => void background.push(work),
    report: (because) => void reports.push(because),
  })
})

describe('a listener is followed within the bound', () => {
  test.each([
    { ageMs: staleMs / 2 - 1, asked: 1, isBeside: false, version: 1 },
    // Asked beside this request: the next one knows.
    { ageMs: staleMs / 2, asked: 2, isBeside: true, version: 1 },
    { ageMs: staleMs - 1, asked: 2, isBeside: true, version: 1 },
    { ageMs: staleMs, asked: 2, isBeside: false, version: 2 },
  ])('$ageMs ms old: asked $asked times', async ({ ageMs, isBeside, version, ...expected }) => {
    await followed.current()
    answer = { ...settings, version: 2 }
    clock.advance(ageMs)
    expect((await followed.current())?.version).toBe(version)
    expect({ asked, beside: background.length }).toEqual({
      asked: expected.asked,
      beside: Number(isBeside),
    })
    await Promise.all(background)
    expect((await followed.current())?.version).toBe(expected.asked)
  })

  test('the last answer counts on while the control plane is away, and then none does', async () => {
    await followed.current()
    answer = new Error('away')
    clock.advance(59_999)
    expect(await followed.current()).toEqual(settings)
    clock.advance(1)
    expect(await followed.current()).toBeUndefined()
    expect(reports).toContain('Error: away')
    answer = settings
    expect(await followed.current()).toEqual(settings)
  })

  test('a clock that is set back: nobody knows how old the answer is, so it is asked again', async () => {
    await followed.current()
    answer = { ...settings, version: 2 }
    clock.advance(-3_600_000)
    expect((await followed.current())?.version).toBe(2)
    expect((await followed.current())?.version).toBe(2)
    expect(asked).toBe(2)
  })

  test('a listener that is no more counts no longer', async () => {
    await followed.current()
    answer = undefined
    clock.advance(staleMs)
    expect(await followed.current()).toBeUndefined()
    expect(reports).toEqual(['it does not exist (any more)'])
  })
})

test.each([
  ['nothing', {}, true],
  ['its headers', { version: 2, renamed: { leaf: 'X-Leaf' } }, true],
  ['its mode', { version: 2, mode: 'passthrough' }, false],
  ['its trust store', { version: 2, trustStore: 'meters' }, false],
  ['leave for expired certificates', { version: 2, ignoreExpiry: true }, false],
  ['all: it was made again', { id: '0000000000000002' }, false],
] as const)(
  'what was opened before goes on where %s changed: %j, %s',
  async (_name, change, on) => {
    const store = await buildTrustStore({
      anchors: [],
      intermediates: [],
      crls: [],
      epoch: 1,
      limits: defaultLimits,
    })
    const held = heldWhile({ current: async () => store }, settings, followed)
    expect(await held.current()).toBe(store)
    answer = { ...settings, ...change }
    clock.advance(staleMs)
    expect(await held.current()).toBe(on ? store : undefined)
  },
)

test('what the listener says is no variable’s to say', () => {
  const said = ['MODE', 'EXPIRED', 'PEER_AUTHENTICATION', 'TRUST_STORE'] as const
  const variables = Object.fromEntries([...said, 'PROFILE'].map((name) => [name, 'x']))
  expect(overruledVariables(variables)).toEqual(said)
  expect(variablesUnder({ PROFILE: 'rfc5280' }, { ...settings, ignoreExpiry: true })).toEqual({
    PROFILE: 'rfc5280',
    MODE: 'verify',
    EXPIRED: 'allow',
  })
})

test('a renamed header is written under its name, which no client has a say in', async () => {
  const read = await readListener({})
  if (!read.ok) throw new Error('no listener')
  const renamed = withRenamedHeaders(read.value, { leaf: 'X-Fleet-Leaf' })
  expect([...(renamed.renamed ?? [])]).toEqual([['X-Amzn-Mtls-Clientcert-Leaf', 'X-Fleet-Leaf']])
  const headers = new Headers({
    'x-fleet-leaf': 'a',
    x_fleet_leaf: 'b',
    'X-Fleet.Leaf': 'c',
    'x-fleet': 'd',
    'x-amzn-mtls-clientcert-leaf': 'e',
  })
  const { forged } = foreignHeaders(headers, renamed.platform)
  expect([...headers.keys()].filter((name) => !forged.includes(name))).toEqual(['x-fleet'])
  expect(forged).toHaveLength(4)
  expect(withRenamedHeaders(read.value, {})).toBe(read.value)
})
