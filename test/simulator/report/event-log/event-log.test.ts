import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { isoFromInstant, shift } from '#shared/time.ts'
import { eventColumns } from '#simulator/report/event-log/columns.ts'
import { forgetEvents, openEventSink } from '#simulator/report/event-log/event-sink.ts'
import type { EventFormat } from '#simulator/report/event-log/formats.ts'
import { parquetEvents } from '#simulator/report/event-log/parquet-events.ts'
import { MINUTE, start } from '../fake-run.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-events-'))
afterAll(() => rmSync(root, { recursive: true }))

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(root, 'run-'))
})

const minute = (number: number): string => isoFromInstant(shift(start, number * MINUTE))

/** An event of each column, one with all, one with none, and facts that no column holds. */
const events: readonly object[] = [
  ...eventColumns.map(({ key, type }, index) => ({
    at: minute(index),
    event: `with ${key}`,
    [key]: type === 'TIMESTAMP' ? minute(index) : type === 'INT32' ? index : `${key} “${index}”`,
  })),
  { at: minute(100), event: 'crls_withheld' },
  { at: minute(101), event: 'clock', by: { ms: 3 }, why: 'x' },
  { at: minute(102), event: 'odd', intermediate: 'two', revoked: 1.5, device: 7 },
]
const lines = events.map((event) => JSON.stringify(event))

async function write(format: EventFormat, ...portions: readonly (readonly string[])[]) {
  const sink = await openEventSink(dir, format)
  // Nobody waits for another: threads bring theirs as they come.
  await Promise.all(portions.map((portion) => sink.take(portion)))
  return sink.close()
}

async function readBack(path: string): Promise<readonly object[]> {
  const read: object[] = []
  for await (const event of parquetEvents(path)) read.push(event)
  return read
}

test('as Parquet nothing is lost: what has no column, or the wrong kind for it, stands in one for all', async () => {
  expect(await readBack(await write('parquet', lines))).toEqual(events)
})

test('as Parquet instants are instants, numbers numbers, and what is not said is null', async () => {
  const file = await asyncBufferFromFile(await write('parquet', lines))
  const [first, second] = await parquetReadObjects({ file })
  expect(first).toMatchObject({ time: new Date(minute(0)), event: 'with at', device: null })
  expect(second).toMatchObject({ time: new Date(minute(1)), more: null })
  const revoked = await parquetReadObjects({ file, columns: ['revoked'] })
  expect(revoked.at(-4)).toEqual({ revoked: eventColumns.length - 1 })
})

test('a long log is written in groups of rows, in the order in which it came', async () => {
  const long = Array.from({ length: 100_001 }, (_, index) =>
    JSON.stringify({ at: minute(index), event: 'attempt', actor: `car-${index % 7}` }),
  )
  const path = await write('parquet', long.slice(0, 19_999), long.slice(19_999))
  const { row_groups: groups } = await parquetMetadataAsync(await asyncBufferFromFile(path))
  expect(groups.map(({ num_rows }) => Number(num_rows))).toEqual([
    20_000, 20_000, 20_000, 20_000, 20_000, 1,
  ])
  const read = await readBack(path)
  expect([read.length, read[0], read[20_000], read.at(-1)]).toEqual([
    100_001,
    ...[0, 20_000, 100_000].map((index): unknown => JSON.parse(long[index] ?? '')),
  ])
}, 30_000)

test('a log without an event is a table without a row', async () => {
  expect(await readBack(await write('parquet'))).toEqual([])
})

test('as JSONL it is the lines, as they came', async () => {
  const many = Array.from({ length: 9_000 }, (_, index) => `{"n":${index}}`)
  const path = await write('jsonl', lines, many)
  expect(readFileSync(path, 'utf8')).toBe([...lines, ...many, ''].join('\n'))
})

test('the log of an earlier run goes when the new one is whole, in whatever form it was', async () => {
  const old = join(dir, 'events.jsonl')
  writeFileSync(old, 'old')
  const sink = await openEventSink(dir, 'parquet')
  await sink.take(lines)
  expect(readFileSync(old, 'utf8')).toBe('old')
  await sink.close()
  expect(readdirSync(dir)).toEqual(['events.parquet'])
  await forgetEvents(dir)
  expect(readdirSync(dir)).toEqual([])
})

test.each(['jsonl', 'parquet'] as const)(
  'a %s that cannot be written is told of with its directory',
  async (format) => {
    const path = join(dir, 'taken')
    writeFileSync(path, '')
    await expect(openEventSink(path, format)).rejects.toThrow(`into the directory ${path}: EEXIST`)
    const inside = join(dir, 'inside')
    mkdirSync(join(inside, `events.${format}.${process.pid}.part`), { recursive: true })
    await expect(openEventSink(inside, format)).rejects.toThrow(`${inside}: EISDIR`)
  },
)

test('what is not a table is told', async () => {
  const path = join(dir, 'events.parquet')
  writeFileSync(path, 'no table at all')
  await expect(readBack(path)).rejects.toThrow(/parquet file/)
  expect(existsSync(path)).toBe(true)
})
