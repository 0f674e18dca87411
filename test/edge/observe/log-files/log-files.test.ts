import { beforeEach, describe, expect, test } from 'vitest'
import { isoFromInstant, shift } from '#shared/time.ts'
import { batchOf, createStand, minuteMs, startsAt, type Stand } from './stand.ts'

let stand: Stand

beforeEach(async () => {
  stand = await createStand()
})

/** An eighth of a mebibyte with its end. */
const longLine = 'x'.repeat(128 * 1024 - 1)

const contents = (): readonly string[] => [...stand.bucket.values()]

const filesWith = (line: string): number => contents().filter((text) => text.includes(line)).length

describe('lines get into files', () => {
  test('of the interval in which they came, in their order, once it has ended', async () => {
    expect(await stand.files.take(batchOf('a', 'line 1', 'line 2'), 0)).toBe('taken')
    stand.clock.advance(4 * minuteMs)
    await stand.files.take(batchOf('b', 'line 3'), 0)
    expect(isoFromInstant(stand.alarmAt ?? startsAt)).toBe('2027-01-01T00:05:00Z')
    stand.clock.advance(minuteMs)
    await stand.files.take(batchOf('c', 'line 4'), 0)
    await stand.ring()
    expect(contents()).toEqual(['line 1\nline 2\nline 3\n'])
    expect(stand.puts).toEqual([
      'AWSLogs/1/elasticloadbalancing/r/2027/01/01/conn_log_1_elasticloadbalancing_r_app.b.0_20270101T0005Z_0.0.0.0_11111111.log.gz',
    ])
    expect(stand.files.figures()).toEqual({
      linesWaiting: 1,
      octetsWaiting: 7,
      filesWritten: 1,
      linesWritten: 3,
      writeFailures: 0,
      batchesTurnedAway: 0,
    })
    await stand.ring()
    expect(contents()).toEqual(['line 1\nline 2\nline 3\n', 'line 4\n'])
    expect(stand.alarmAt).toBeUndefined()
  })

  test('of two intervals without an alarm in between: a file each', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 0)
    stand.clock.advance(5 * minuteMs)
    await stand.files.take(batchOf('b', 'line 2'), 0)
    stand.clock.advance(5 * minuteMs)
    await stand.ring()
    expect(contents()).toEqual(['line 1\n', 'line 2\n'])
  })

  test('an alarm that rings too early changes nothing, and is set again', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 0)
    const due = stand.alarmAt
    await stand.files.alarm()
    expect(stand.puts).toEqual([])
    expect(stand.alarmAt).toBe(due)
  })

  test('the name bears the node’s number', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 7)
    await stand.ring()
    expect(stand.puts[0]).toContain('_0.0.0.7_')
  })

  test.each([
    { batches: 64, sizes: [64] },
    { batches: 65, sizes: [64, 1] },
  ])('$batches quarters of a mebibyte make files of $sizes', async ({ batches, sizes }) => {
    for (let each = 0; each < batches; each += 1) {
      await stand.files.take(batchOf(`${each}`, longLine, longLine), 0)
    }
    await stand.ring()
    expect(contents().map(({ length }) => length / 256 / 1024)).toEqual(sizes)
  })

  test('more files than one alarm may write: it rings again at once', async () => {
    for (let interval = 0; interval < 9; interval += 1) {
      await stand.files.take(batchOf(`${interval}`, `line ${interval}`), 0)
      stand.clock.advance(5 * minuteMs)
    }
    await stand.ring()
    expect(stand.bucket.size).toBe(8)
    expect(stand.alarmAt).toBe(stand.clock.now())
    await stand.ring()
    expect(stand.bucket.size).toBe(9)
  })
})

describe('each line is in one file', () => {
  test('a batch that comes again is taken once: before its file is written and after', async () => {
    const batch = batchOf('a', 'line 1')
    await stand.files.take(batch, 0)
    expect(await stand.files.take(batch, 0)).toBe('taken')
    await stand.ring()
    expect(await stand.files.take(batch, 0)).toBe('taken')
    expect(stand.alarmAt).toBeUndefined()
    expect(contents()).toEqual(['line 1\n'])
  })

  test('names are kept as long as a batch may be offered, and no longer', async () => {
    const batch = batchOf('a', 'line 1')
    await stand.files.take(batch, 0)
    await stand.ring()
    for (let interval = 0; interval < 12; interval += 1) {
      await stand.files.take(batchOf(`other ${interval}`, 'other'), 0)
      await stand.ring()
      if (stand.clock.now() - startsAt <= 60 * minuteMs) await stand.files.take(batch, 0)
    }
    expect(filesWith('line 1')).toBe(1)
    await stand.files.take(batchOf('last', 'other'), 0)
    await stand.ring()
    await stand.files.take(batch, 0)
    await stand.ring()
    expect(filesWith('line 1')).toBe(2)
  })

  test.each(['before', 'after'] as const)(
    'the bucket fails %s it has written: the same file, again',
    async (fails) => {
      await stand.files.take(batchOf('a', 'line 1'), 0)
      stand.fails = fails
      await stand.ring()
      await stand.files.take(batchOf('b', 'line 2'), 0)
      stand.fails = 'nothing'
      await stand.ring()
      expect(new Set(stand.puts).size).toBe(1)
      expect(contents()).toEqual(['line 1\n'])
      await stand.ring()
      expect(contents()).toEqual(['line 1\n', 'line 2\n'])
      expect(stand.files.figures()).toMatchObject({ linesWritten: 2, writeFailures: 1 })
    },
  )

  test.each(['before', 'after'] as const)(
    'the process ends %s a file is written: it is that file that is written then',
    async (fails) => {
      await stand.files.take(batchOf('a', 'line 1'), 0)
      stand.fails = fails
      await stand.ring()
      stand.alarmAt = undefined
      await stand.restart()
      expect(stand.alarmAt).toBe(stand.clock.now())
      stand.fails = 'nothing'
      await stand.ring()
      expect(new Set(stand.puts).size).toBe(1)
      expect(contents()).toEqual(['line 1\n'])
      expect(stand.files.figures().linesWaiting).toBe(0)
    },
  )

  test('the process ends while lines wait: they are there afterwards', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 0)
    stand.alarmAt = undefined
    await stand.restart()
    expect(stand.files.figures()).toMatchObject({ linesWaiting: 1, octetsWaiting: 7 })
    await stand.ring()
    await stand.ring()
    expect(contents()).toEqual(['line 1\n'])
  })
})

describe('a bucket that fails', () => {
  test('is asked again after waits that double up to five minutes; each is told and counted', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 0)
    stand.fails = 'before'
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await stand.ring()
      waits.push(((stand.alarmAt ?? startsAt) - stand.clock.now()) / 1000)
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300])
    expect(stand.files.figures()).toMatchObject({ linesWaiting: 1, writeFailures: 9 })
    expect(stand.problems.at(-1)).toMatch(
      /^the log file AWSLogs\S+ was not written \(9 times\): Error: the bucket is away$/,
    )
  })

  test('one file that cannot be written holds up no other', async () => {
    await stand.files.take(batchOf('a', 'line 1'), 0)
    stand.fails = 'before'
    await stand.ring()
    await stand.files.take(batchOf('b', 'line 2'), 0)
    stand.clock.set(shift(startsAt, 10 * minuteMs))
    await stand.ring()
    const [first, second] = stand.puts
    expect(second).not.toBe(first)
  })

  test('lines are taken up to a bound, and those beyond have to come again', async () => {
    for (let each = 1; each < 17 * 4; each += 1) {
      await stand.files.take(batchOf(`${each}`, longLine, longLine), 0)
    }
    expect(await stand.files.take(batchOf('last', longLine, longLine), 0)).toBe('taken')
    expect(await stand.files.take(batchOf('over', 'x'), 0)).toBe('full')
    expect(await stand.files.take(batchOf('last', longLine, longLine), 0)).toBe('taken')
    expect(stand.files.figures()).toMatchObject({ batchesTurnedAway: 1 })
    stand.clock.advance(5 * minuteMs)
    await stand.files.alarm()
    expect(await stand.files.take(batchOf('over', 'x'), 0)).toBe('taken')
  })
})

test.each([
  { name: 'no line', lines: [] },
  { name: 'half a mebibyte and more', lines: ['x'.repeat(512 * 1024)] },
])('a batch of $name is none', async ({ lines }) => {
  await expect(stand.files.take(batchOf('a', ...lines), 0)).rejects.toThrow(/^the batch a has/)
})
