import { beforeEach, describe, expect, test } from 'vitest'
import { createHandOver, type HandOver } from '#edge/observe/log-files/hand-over.ts'
import type { BatchAnswer, LogBatch } from '#edge/observe/log-files/log-batch.ts'
import { setClock, type SetClock } from '../../stage.ts'

interface Offer {
  readonly batch: LogBatch
  answer(answer: BatchAnswer): void
  fail(error: Error): void
}

let clock: SetClock
let offers: Offer[]
let waits: { readonly ms: number; end(): void }[]
let lost: [lines: readonly string[], because: string][]
let handedOver: number
let problems: string[]
let handOver: HandOver

beforeEach(() => start(0))

function start(gatherMs: number): void {
  clock = setClock()
  offers = []
  waits = []
  lost = []
  handedOver = 0
  problems = []
  let drawn = 0
  handOver = createHandOver({
    clock,
    random: (count) => new Uint8Array(count).fill((drawn += 1)),
    offer(batch) {
      const { promise, resolve, reject } = Promise.withResolvers<BatchAnswer>()
      offers.push({ batch, answer: resolve, fail: reject })
      return promise
    },
    gatherMs,
    wait(ms) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waits.push({ ms, end: resolve })
      return promise
    },
    handedOver: (lines) => {
      handedOver += lines
    },
    lost: (lines, because) => void lost.push([lines, because]),
    report: (problem) => void problems.push(problem),
  })
}

/** Whatever can go on without an answer has gone on. */
const settled = (): Promise<void> => new Promise((next) => setImmediate(next))

const linesOf = ({ batch }: Offer): readonly string[] => batch.lines

async function answered(index: number, answer: BatchAnswer = 'taken'): Promise<void> {
  offers[index]?.answer(answer)
  await settled()
}

test('a line is offered at once, and let go when it is taken', async () => {
  handOver.add('line 1')
  const sent = handOver.send()
  expect(offers.map(linesOf)).toEqual([['line 1']])
  expect(handedOver).toBe(0)
  await answered(0)
  await sent
  expect(handedOver).toBe(1)
  await handOver.send()
  expect(offers).toHaveLength(1)
})

test('what comes while a batch is under way goes with the next one: nobody else sends it', async () => {
  handOver.add('line 1')
  const first = handOver.send()
  for (const line of ['line 2', 'line 3']) {
    handOver.add(line)
    await handOver.send()
  }
  expect(offers).toHaveLength(1)
  await answered(0)
  expect(offers.map(linesOf)).toEqual([['line 1'], ['line 2', 'line 3']])
  await answered(1)
  await first
  expect(offers[0]?.batch.id).not.toBe(offers[1]?.batch.id)
  expect(handedOver).toBe(3)
})

test('a line that comes in the very moment at which nothing is left is sent all the same', async () => {
  handOver.add('line 1')
  const first = handOver.send()
  offers[0]?.answer('taken')
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve()
    handOver.add(`after ${turn}`)
    void handOver.send()
  }
  await settled()
  for (let index = 1; index < offers.length; index += 1) await answered(index)
  await first
  expect(handedOver).toBe(21)
})

test('lines that are to be gathered wait for each other', async () => {
  start(1000)
  handOver.add('line 1')
  const sent = handOver.send()
  handOver.add('line 2')
  await handOver.send()
  expect(offers).toEqual([])
  expect(waits.map(({ ms }) => ms)).toEqual([1000])
  waits[0]?.end()
  await settled()
  expect(offers.map(linesOf)).toEqual([['line 1', 'line 2']])
  handOver.add('line 3')
  await answered(0)
  expect(waits).toHaveLength(2)
  waits[1]?.end()
  await settled()
  await answered(1)
  await sent
  expect(offers.map(linesOf)).toEqual([['line 1', 'line 2'], ['line 3']])
})

describe('batches are bounded', () => {
  const line = 'x'.repeat(1024)
  test.each([
    { lines: 256, batches: [256] },
    { lines: 257, batches: [256, 1] },
  ])('$lines lines of a kibibyte make $batches', async ({ lines, batches }) => {
    for (let each = 0; each < lines; each += 1) handOver.add(line)
    void handOver.send()
    for (let index = 0; index < batches.length; index += 1) await answered(index)
    expect(offers.map((offer) => linesOf(offer).length)).toEqual(batches)
  })

  test.each([
    { octets: 128 * 1024, isLost: false },
    { octets: 128 * 1024 + 1, isLost: true },
  ])('a line of $octets octets is lost: $isLost', ({ octets, isLost }) => {
    const long = 'x'.repeat(octets)
    handOver.add(long)
    expect(lost).toEqual(isLost ? [[[long], 'too_long']] : [])
  })
})

describe('a store that does not take', () => {
  const failures = [
    {
      name: 'does not answer',
      fail: (offer: Offer | undefined) => offer?.fail(new Error('away')),
      problem: 'does not answer: Error: away',
    },
    {
      name: 'is full',
      fail: (offer: Offer | undefined) => offer?.answer('full'),
      problem: 'is full',
    },
  ]

  test.each(failures)(
    '$name: the same batch comes again, later and later',
    async ({ fail, problem }) => {
      handOver.add('line 1')
      const sent = handOver.send()
      for (let attempt = 0; attempt < 8; attempt += 1) {
        fail(offers[attempt])
        await settled()
        waits[attempt]?.end()
        await settled()
      }
      expect(waits.map(({ ms }) => ms)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
      expect(new Set(offers.map(({ batch }) => batch.id)).size).toBe(1)
      expect(problems).toEqual([expect.stringContaining(problem)])
      await answered(8)
      await sent
      expect(handedOver).toBe(1)
      expect(lost).toEqual([])
    },
  )

  test('a turn ends before its request does, and the next request goes on with the same batch', async () => {
    handOver.add('line 1')
    const first = handOver.send()
    offers[0]?.fail(new Error('away'))
    await settled()
    clock.advance(25_000)
    waits[0]?.end()
    await first
    void handOver.send()
    expect(offers.map(({ batch }) => batch.id)).toEqual([offers[0]?.batch.id, offers[0]?.batch.id])
    await answered(1)
    expect(handedOver).toBe(1)
  })

  test('a request that was ended in the middle holds up nobody', async () => {
    handOver.add('line 1')
    void handOver.send()
    clock.advance(24_999)
    handOver.add('line 2')
    await handOver.send()
    expect(offers).toHaveLength(1)
    clock.advance(1)
    const second = handOver.send()
    expect(offers[1]?.batch).toEqual(offers[0]?.batch)
    await answered(1)
    expect(linesOf(offers[2] ?? { batch: { id: '', lines: [] }, answer() {}, fail() {} })).toEqual([
      'line 2',
    ])
    // The first answer comes late, and counts for nothing.
    await answered(0)
    await answered(2)
    await second
    expect(handedOver).toBe(2)
    expect(offers).toHaveLength(3)
  })

  test('what waits is bounded: lines beyond it are lost, by name, and those before are not', async () => {
    const line = 'x'.repeat(64 * 1024)
    for (let each = 0; each < 128; each += 1) handOver.add(line)
    expect(lost).toEqual([])
    handOver.add('one more')
    expect(lost).toEqual([[['one more'], 'no_room']])
    void handOver.send()
    await answered(0)
    handOver.add('one more')
    expect(lost).toHaveLength(1)
  })

  test.each([
    { minutes: 30, isLost: false },
    { minutes: 31, isLost: true },
  ])('a batch offered for $minutes minutes is given up: $isLost', async ({ minutes, isLost }) => {
    handOver.add('line 1')
    void handOver.send()
    clock.advance(minutes * 60_000)
    handOver.add('line 2')
    void handOver.send()
    expect(lost).toEqual(isLost ? [[['line 1'], 'not_taken']] : [])
    expect(linesOf(offers[1] ?? { batch: { id: '', lines: [] }, answer() {}, fail() {} })).toEqual([
      isLost ? 'line 2' : 'line 1',
    ])
  })
})
