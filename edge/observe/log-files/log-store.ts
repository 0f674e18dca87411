import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import { batchOctetsMax, offeredForMs, type BatchAnswer, type LogBatch } from './log-batch.ts'
import { intervalEnd, type LogFile } from './log-file-key.ts'

/** A file whose lines and name are fixed: written twice it is the same file. */
export interface PlannedFile {
  readonly id: number
  readonly key: string
  /** Its batches, by their numbers. */
  readonly first: number
  readonly last: number
  /** How often writing it has failed. */
  readonly failures: number
}

export interface LogFigures {
  readonly linesWaiting: number
  readonly octetsWaiting: number
  readonly filesWritten: number
  readonly linesWritten: number
  /** Attempts to write a file that failed. */
  readonly writeFailures: number
  /** Batches that were not taken because the store is full; their lines are offered again. */
  readonly batchesTurnedAway: number
}

/** Lines on their way into files: what is taken stays until the file that holds it is written. */
export interface LogStore {
  /** Takes a batch once, however often it comes. @param node which node of ours this store is */
  take(batch: LogBatch, node: number, now: Instant): BatchAnswer
  /** The end of the earliest interval that lines wait for; undefined where none wait. */
  due(): Instant | undefined
  /** The next file to write: one that was planned, or of an interval that has ended. */
  nextFile(now: Instant, nameOf: (file: LogFile) => string): PlannedFile | undefined
  linesOf(file: PlannedFile): readonly string[]
  written(file: PlannedFile): void
  failed(file: PlannedFile): void
  /** Forgets names of batches that nobody offers any more. */
  forget(now: Instant): void
  figures(): LogFigures
}

/** Octets of text in one file: gzip holds it in memory with a tenth of it as its result (128 MB for all). */
const fileOctetsMax = 16 * 1024 * 1024

/**
 * Octets of text that wait when files cannot be written: an hour of a thousand lines of 300 octets a
 * second. A Durable Object's database may have 10 GB.
 */
export const storedOctetsMax = 1024 * 1024 * 1024

/** Rows looked at to plan one file: batches of one line each are the smallest. */
const plannedRowsMax = 50_000

/**
 * Batches lie in the order in which they came, and a file is a row of them: so a batch is written
 * twice, when it comes and when its text goes, and its name a third time, when it is forgotten.
 */
const schema = [
  `CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    node INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    due INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    text TEXT
  )`,
  `CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
  )`,
  'CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL)',
]

export interface LogStoreBounds {
  /** How long lines are gathered for one file, in milliseconds. */
  readonly intervalMs: number
  /** What may wait, in octets of text. */
  readonly storedOctetsMax: number
}

/** The store over one Durable Object's database, whose calls come one after the other. */
export function createLogStore(database: Sql, bounds: LogStoreBounds): LogStore {
  for (const statement of schema) database.all(statement)
  const waiting = waitingIn(database)
  const last = lastBatch(database)
  let turnedAway = 0
  return {
    take(batch, node, now) {
      if (isKnown(database, batch.id)) return 'taken'
      const octets = octetsOf(batch)
      if (waiting.octets + octets > bounds.storedOctetsMax) {
        turnedAway += 1
        return 'full'
      }
      // A clock that was set back changes no order.
      const due = Math.max(intervalEnd(now, bounds.intervalMs), last.due)
      insert(database, batch, { seq: last.seq + 1, node, taken: now, due, octets })
      last.seq += 1
      last.due = due
      waiting.lines += batch.lines.length
      waiting.octets += octets
      return 'taken'
    },
    due() {
      const [row] = database.all(
        'SELECT due FROM batches WHERE seq > ? ORDER BY seq LIMIT 1',
        numberOf(database, 'planned_to'),
      )
      return row === undefined ? undefined : instantFromMs(integer(row['due']))
    },
    nextFile(now, nameOf) {
      // One that can never be written holds up no other.
      const planned = plannedFile(database)
      if (planned?.failures === 0) return planned
      return planFile(database, now, nameOf) ?? planned
    },
    linesOf: ({ first, last: end }) =>
      database
        .all('SELECT text FROM batches WHERE seq BETWEEN ? AND ? ORDER BY seq', first, end)
        .map(({ text }) => String(text)),
    written({ id, first, last: end }) {
      const { lines, octets } = sumOf(database, first, end)
      database.transaction(() => {
        database.all('UPDATE batches SET text = NULL WHERE seq BETWEEN ? AND ?', first, end)
        database.all('DELETE FROM files WHERE id = ?', id)
        addTo(database, 'files_written', 1)
        addTo(database, 'lines_written', lines)
      })
      waiting.lines -= lines
      waiting.octets -= octets
    },
    failed({ id }) {
      database.all('UPDATE files SET failures = failures + 1 WHERE id = ?', id)
      addTo(database, 'write_failures', 1)
    },
    forget(now) {
      const before = now - 2 * offeredForMs
      database.all('DELETE FROM batches WHERE text IS NULL AND taken < ?', before)
    },
    figures: () => ({
      linesWaiting: waiting.lines,
      octetsWaiting: waiting.octets,
      filesWritten: numberOf(database, 'files_written'),
      linesWritten: numberOf(database, 'lines_written'),
      writeFailures: numberOf(database, 'write_failures'),
      batchesTurnedAway: turnedAway,
    }),
  }
}

/** Each line and its end. */
function octetsOf({ id, lines }: LogBatch): number {
  const octets = lines.reduce((sum, { length }) => sum + length + 1, 0)
  if (lines.length > 0 && octets <= 2 * batchOctetsMax) return octets
  throw new RangeError(`the batch ${id} has ${lines.length} lines of ${octets} octets`)
}

function isKnown(database: Sql, id: string): boolean {
  return database.all('SELECT 1 FROM batches WHERE id = ?', id).length > 0
}

/** Names may be forgotten, the last one too: what was planned bounds the numbers from below. */
function lastBatch(database: Sql): { seq: number; due: number } {
  const plannedTo = numberOf(database, 'planned_to')
  const [row] = database.all('SELECT seq, due FROM batches ORDER BY seq DESC LIMIT 1')
  if (row === undefined) return { seq: plannedTo, due: 0 }
  return { seq: Math.max(integer(row['seq']), plannedTo), due: integer(row['due']) }
}

interface Taken {
  readonly seq: number
  readonly node: number
  readonly taken: Instant
  readonly due: number
  readonly octets: number
}

function insert(
  database: Sql,
  { id, lines }: LogBatch,
  { seq, node, taken, due, octets }: Taken,
): void {
  database.all(
    'INSERT INTO batches (seq, id, node, taken, due, lines, octets, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    seq,
    id,
    node,
    taken,
    due,
    lines.length,
    octets,
    `${lines.join('\n')}\n`,
  )
}

/** Of those that were not yet written the one that failed least. */
function plannedFile(database: Sql): PlannedFile | undefined {
  const [row] = database.all('SELECT * FROM files ORDER BY failures, id LIMIT 1')
  if (row === undefined) return undefined
  return {
    id: integer(row['id']),
    key: String(row['key']),
    first: integer(row['first']),
    last: integer(row['last']),
    failures: integer(row['failures']),
  }
}

/** What lines a file has, and its name, are written down before it is: an end in between changes nothing. */
function planFile(
  database: Sql,
  now: Instant,
  nameOf: (file: LogFile) => string,
): PlannedFile | undefined {
  const open = database
    .all(
      'SELECT seq, due, node, octets FROM batches WHERE seq > ? AND due <= ? ORDER BY seq LIMIT ?',
      numberOf(database, 'planned_to'),
      now,
      plannedRowsMax,
    )
    .map(({ seq, due, node, octets }) => ({
      seq: integer(seq),
      due: integer(due),
      node: integer(node),
      octets: integer(octets),
    }))
  const [first] = open
  if (first === undefined) return undefined
  const last = lastSeqOf(open, first)
  const key = nameOf({ intervalEnd: instantFromMs(first.due), node: first.node })
  database.transaction(() => {
    database.all('INSERT INTO files (key, first, last) VALUES (?, ?, ?)', key, first.seq, last)
    addTo(database, 'planned_to', last - numberOf(database, 'planned_to'))
  })
  return plannedFile(database)
}

interface OpenRow {
  readonly seq: number
  readonly due: number
  readonly node: number
  readonly octets: number
}

/** Rows of one interval, as many as one file holds; one at least. */
function lastSeqOf(open: readonly OpenRow[], first: OpenRow): number {
  let octets = 0
  let last = first.seq
  for (const each of open) {
    octets += each.octets
    if (each.due !== first.due || (octets > fileOctetsMax && each !== first)) break
    last = each.seq
  }
  return last
}

function waitingIn(database: Sql): { lines: number; octets: number } {
  const [row] = database.all(`SELECT ${sums} FROM batches WHERE text IS NOT NULL`)
  return { lines: integer(row?.['lines']), octets: integer(row?.['octets']) }
}

function sumOf(database: Sql, first: number, last: number): { lines: number; octets: number } {
  const [row] = database.all(`SELECT ${sums} FROM batches WHERE seq BETWEEN ? AND ?`, first, last)
  return { lines: integer(row?.['lines']), octets: integer(row?.['octets']) }
}

const sums = 'coalesce(sum(lines), 0) AS lines, coalesce(sum(octets), 0) AS octets'

/** `planned_to`: the last batch that is in a file, or in the plan of one. */
type NumberName = 'planned_to' | 'files_written' | 'lines_written' | 'write_failures'

function addTo(database: Sql, name: NumberName, by: number): void {
  database.all(
    'INSERT INTO numbers (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
    name,
    by,
  )
}

function numberOf(database: Sql, name: NumberName): number {
  const [row] = database.all('SELECT value FROM numbers WHERE name = ?', name)
  return row === undefined ? 0 : integer(row['value'])
}

function integer(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new TypeError(`the database has no whole number where one is expected: ${String(value)}`)
}
