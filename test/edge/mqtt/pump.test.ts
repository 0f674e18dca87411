import { afterEach, describe, expect, test, vi } from 'vitest'
import { pump } from '#edge/mqtt/pump.ts'
import type { Recheck } from '#edge/websocket/held-session.ts'
import {
  binary,
  byHand,
  fakeBroker,
  fakeDevice,
  until,
  type FakeBroker,
  type FakeDevice,
} from './fakes.ts'

afterEach(() => vi.restoreAllMocks())

interface Pumped {
  readonly device: FakeDevice
  readonly broker: FakeBroker
  readonly asked: () => number
}

function pumped(recheck: Recheck = async () => undefined): Pumped {
  const device = fakeDevice()
  const broker = fakeBroker()
  let asked = 0
  pump(device.socket, broker.connection, {
    recheck: () => {
      asked += 1
      return recheck()
    },
  })
  return { device, broker, asked: () => asked }
}

const revoked = { code: 'revoked', at: 0, serial: '2A', since: undefined } as const

const quietly = () => vi.spyOn(console, 'error').mockImplementation(() => undefined)
const mebibyte = 1024 * 1024

describe('octets go both ways, in order', () => {
  test('from the device', async () => {
    const { device, broker, asked } = pumped()
    for (const text of ['a', 'b', 'c']) device.send(binary(text))
    await until(() => broker.received.length === 3)
    expect(broker.received).toEqual(['a', 'b', 'c'])
    expect(asked()).toBe(3)
  })

  test('from the device, though the answers come in another order', async () => {
    const answers: PromiseWithResolvers<undefined>[] = []
    const { device, broker } = pumped(() => {
      const answer = Promise.withResolvers<undefined>()
      answers.push(answer)
      return answer.promise
    })
    device.send(binary('a'))
    device.send(binary('b'))
    await until(() => answers.length === 1)
    answers[0]?.resolve(undefined)
    await until(() => answers.length === 2)
    expect(broker.received).toEqual(['a'])
    answers[1]?.resolve(undefined)
    await until(() => broker.received.length === 2)
    expect(broker.received).toEqual(['a', 'b'])
  })

  test('from the broker', async () => {
    const { device, broker, asked } = pumped()
    for (const text of ['a', 'b']) broker.send(text)
    await until(() => device.received.length === 2)
    expect(device.received).toEqual(['a', 'b'])
    expect(asked()).toBe(2)
  })
})

describe('a session that may not go on is cut at the next message', () => {
  test.each([
    { from: 'the device', say: ({ device }: Pumped) => device.send(binary('x')) },
    { from: 'the broker', say: ({ broker }: Pumped) => broker.send('x') },
  ])('of $from, which is not carried', async ({ say }) => {
    const both = pumped(async () => revoked)
    say(both)
    await until(() => both.device.closed.length > 0)
    expect(both.device.closed).toEqual([[4403, 'revoked']])
    expect(both.device.received).toEqual([])
    expect(both.broker.received).toEqual([])
    expect(both.broker.closings).toBe(1)
  })

  test('what waits behind it is not carried, and nothing after', async () => {
    let code: typeof revoked | undefined
    const { device, broker } = pumped(async () => code)
    device.send(binary('before'))
    await until(() => broker.received.length === 1)
    code = revoked
    for (const text of ['a', 'b']) device.send(binary(text))
    await until(() => device.closed.length > 0)
    code = undefined
    device.send(binary('after'))
    broker.send('after')
    await until(() => broker.closings === 1)
    for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next))
    expect(broker.received).toEqual(['before'])
    expect(device.received).toEqual([])
    expect(device.closed).toEqual([[4403, 'revoked']])
  })

  test.each(['the device', 'the broker'])(
    'an answer that fails ends it: at a message of %s',
    async (from) => {
      const logged = quietly()
      const { device, broker } = pumped(() => Promise.reject(new Error('no answer')))
      if (from === 'the device') device.send(binary('x'))
      else broker.send('x')
      await until(() => device.closed.length > 0)
      expect(device.closed).toEqual([[1011, expect.any(String)]])
      expect([...broker.received, ...device.received]).toEqual([])
      expect(logged.mock.calls.flat().join('\n')).toContain('no answer')
    },
  )
})

describe('what may wait for the broker is bounded', () => {
  test.each([
    { octets: mebibyte, closed: [] },
    { octets: mebibyte + 1, closed: [[1013, 'the broker is too slow']] },
  ])('$octets octets: closed $closed', async ({ octets, closed }) => {
    const { device, broker } = pumped()
    broker.stall()
    device.send(new ArrayBuffer(octets - 1000))
    device.send(new ArrayBuffer(1000))
    expect(device.closed).toEqual(closed)
    broker.resume()
  })

  test('what the broker has taken counts no more', async () => {
    const { device, broker } = pumped()
    for (let message = 1; message <= 4; message += 1) {
      device.send(new ArrayBuffer(mebibyte))
      await until(() => broker.received.length === message)
      // The count goes down one turn behind the write.
      await new Promise((next) => setImmediate(next))
    }
    expect(device.closed).toEqual([])
  })
})

const closedAlready = (): Promise<void> => Promise.reject(new Error('closed already'))

describe('ends', () => {
  test('a text frame: RFC 6455 7.4.1, 1003', () => {
    const { device, broker } = pumped()
    device.send('hello')
    expect(device.closed).toEqual([[1003, 'binary frames only']])
    expect(broker.closings).toBe(1)
  })

  test('the device leaves: the broker is let go, once', async () => {
    const { device, broker } = pumped()
    device.leave()
    device.leave()
    expect(broker.closings).toBe(1)
    device.send(binary('late'))
    for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next))
    expect(broker.received).toEqual([])
  })

  test('the broker closes', async () => {
    const { device, broker } = pumped()
    broker.send('last')
    broker.end()
    await until(() => device.closed.length > 0)
    expect([device.received, device.closed]).toEqual([['last'], [[1000, 'the broker closed']]])
  })

  test('the broker ends and has said nothing: it was never there', async () => {
    quietly()
    const { device, broker } = pumped()
    broker.end()
    await until(() => device.closed.length > 0)
    expect(device.closed).toEqual([[1011, 'the broker went away']])
  })

  test('the broker breaks off', async () => {
    const logged = quietly()
    const { device, broker } = pumped()
    broker.end(new Error('reset by peer'))
    await until(() => device.closed.length > 0)
    expect(device.closed).toEqual([[1011, 'the broker went away']])
    expect(logged.mock.calls.flat().join('\n')).toContain('reset by peer')
    expect(broker.closings).toBe(1)
  })

  test('a broker that cannot be closed is logged, and nothing else', async () => {
    const logged = quietly()
    const { device, broker } = { device: fakeDevice(), broker: fakeBroker() }
    const connection = { ...broker.connection, close: closedAlready }
    pump(device.socket, connection, { recheck: async () => undefined })
    device.leave()
    await until(() => logged.mock.calls.length > 0)
    expect(logged.mock.calls.flat().join('\n')).toContain('closed already')
  })
})

function idle(recheck: Recheck) {
  const device = fakeDevice()
  const broker = fakeBroker()
  const { repeat, tick, ticking } = byHand()
  pump(device.socket, broker.connection, { recheck, repeat })
  return { device, broker, tick, ticking }
}

describe('a session that carries nothing', () => {
  test('is asked about, and goes on while it may', async () => {
    let asked = 0
    const { device, tick, ticking } = idle(async () => void (asked += 1))
    tick()
    tick()
    await until(() => asked === 2)
    expect([device.closed, ticking()]).toEqual([[], true])
  })

  test('is cut when it may not, and asked about no more', async () => {
    const { device, broker, tick, ticking } = idle(async () => revoked)
    tick()
    await until(() => device.closed.length > 0)
    expect([device.closed, broker.closings, ticking()]).toEqual([[[4403, 'revoked']], 1, false])
  })

  test('is asked about no more when the device has left', () => {
    const { device, ticking } = idle(async () => undefined)
    device.leave()
    expect(ticking()).toBe(false)
  })

  test('an answer that fails ends it', async () => {
    quietly()
    const { device, tick } = idle(() => Promise.reject(new Error('no trust store')))
    tick()
    await until(() => device.closed.length > 0)
    expect(device.closed).toEqual([[1011, 'the broker went away']])
  })
})
