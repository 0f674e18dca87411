import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Recheck } from '#edge/websocket/held-session.ts'
import { relay } from '#edge/websocket/relay.ts'
import { binary, byHand, fakeDevice, until, type FakeDevice } from '../mqtt/fakes.ts'

afterEach(() => vi.restoreAllMocks())

const revoked = { code: 'revoked', at: 0, serial: '2A', since: undefined } as const

function relayed(recheck: Recheck = async () => undefined) {
  const [device, target] = [fakeDevice(), fakeDevice()]
  const { repeat, tick, ticking } = byHand()
  const cuts: string[] = []
  relay(device.socket, target.socket, { recheck, repeat, onCut: ({ code }) => cuts.push(code) })
  return { device, target, tick, ticking, cuts }
}

type Relayed = ReturnType<typeof relayed>
type Side = 'device' | 'target'
const sides: readonly Side[] = ['device', 'target']
const otherOf = (both: Relayed, side: Side): FakeDevice =>
  side === 'device' ? both.target : both.device

describe.each(sides)('of the %s', (side) => {
  test('texts and octets go to the other side, in order', async () => {
    const both = relayed()
    both[side].send('a')
    both[side].send(binary('b'))
    both[side].send('c')
    await until(() => otherOf(both, side).received.length === 3)
    expect(otherOf(both, side).received).toEqual(['a', 'b', 'c'])
  })

  test('a message of a session that may not go on is not carried, and both ends are closed', async () => {
    const both = relayed(async () => revoked)
    both[side].send('late')
    both[side].send('later')
    await until(() => both.device.closed.length > 0)
    expect([both.device.closed, both.target.closed]).toEqual([
      [[4403, 'revoked']],
      [[4403, 'revoked']],
    ])
    expect(otherOf(both, side).received).toEqual([])
    expect([both.cuts, both.ticking()]).toEqual([['revoked'], false])
  })

  test('what it said before it closed is carried before the close', async () => {
    const both = relayed()
    both[side].send('last')
    both[side].leave(4001, 'done')
    const other = otherOf(both, side)
    await until(() => other.closed.length > 0)
    expect([other.received, other.closed, both.cuts]).toEqual([['last'], [[4001, 'done']], []])
  })

  test.each([
    { code: 1000, sent: 1000 },
    { code: 1005, sent: 1000 },
    { code: 1006, sent: 1011 },
    { code: 1015, sent: 1011 },
  ])('RFC 6455 7.4.1: its end with $code is told with $sent', async ({ code, sent }) => {
    const both = relayed()
    both[side].leave(code)
    const other = otherOf(both, side)
    await until(() => other.closed.length > 0)
    expect(other.closed).toEqual([[sent, '']])
  })

  test('more than may wait ends the session', async () => {
    const both = relayed(() => new Promise(() => undefined))
    const longest = 32 * 1024 * 1024
    both[side].send('x'.repeat(longest))
    expect(both[side].closed).toEqual([])
    both[side].send('x')
    const slow = side === 'device' ? 'target' : 'device'
    expect(both[side].closed).toEqual([[1013, `the ${slow} is too slow`]])
  })

  test('an answer that fails ends it', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const both = relayed(() => Promise.reject(new Error('no answer')))
    both[side].send('x')
    await until(() => both.device.closed.length > 0)
    expect(both.device.closed).toEqual([[1011, 'the target went away']])
    expect(logged.mock.calls.flat().join('\n')).toContain('no answer')
  })
})

test('a session that carries nothing is asked about, and cut when it may not go on', async () => {
  let asked = 0
  const { device, tick, ticking, cuts } = relayed(async () => {
    asked += 1
    return asked === 1 ? undefined : revoked
  })
  tick()
  tick()
  await until(() => device.closed.length > 0)
  expect([device.closed, cuts, ticking()]).toEqual([[[4403, 'revoked']], ['revoked'], false])
})
