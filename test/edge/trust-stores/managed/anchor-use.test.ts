import { expect, test } from 'vitest'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { migrate } from '#edge/sqlite/migrate.ts'
import { readCertificates } from '#edge/trust-stores/gate.ts'
import { createAnchorNotes } from '#edge/trust-stores/managed/anchor-notes.ts'
import {
  anchorId,
  anchorsOf,
  knownAnchorsMax,
  lookedAtAnchors,
  noteAnchors,
  readUnusedAfter,
  toldAnchorsMax,
  unusedAfterMs,
} from '#edge/trust-stores/managed/anchor-use.ts'
import { storeSteps } from '#edge/trust-stores/managed/schema.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { createPki, setClock, start } from '../../stage.ts'

const { authority } = await createPki()
const [one, other] = [firstOf(authority.anchorsPem), firstOf(authority.intermediatesPem)]

function firstOf(pem: string): Certificate {
  const read = readCertificates(toUtf8(pem))
  const [first] = read.ok ? read.value : []
  if (first === undefined) throw new Error('expected a certificate')
  return first
}

const [idOfOne, idOfOther] = [await anchorId(one), await anchorId(other)]
const hourMs = 3_600_000
const dayMs = 24 * hourMs

function database() {
  const sql = nodeSql(':memory:')
  migrate(sql, storeSteps)
  return sql
}

const unused = { id: idOfOne, since: start, usedAt: undefined }
const unusedOther = { ...unused, id: idOfOther }

test('an anchor is known from when it was looked at, and forgotten when it is gone', async () => {
  const sql = database()
  const later = shift(start, dayMs)
  const fresh = { ...unusedOther, since: later }
  await lookedAtAnchors(sql, [one], start)
  expect(await anchorsOf(sql, [other, one], later)).toEqual([fresh, unused])
  expect(sql.all('SELECT id FROM anchors')).toEqual([{ id: idOfOne }])
  await lookedAtAnchors(sql, [one, other], later)
  expect(await anchorsOf(sql, [other, one], shift(later, 1))).toEqual([fresh, unused])
  await lookedAtAnchors(sql, [other], later)
  expect(sql.all('SELECT id FROM anchors')).toEqual([{ id: idOfOther }])
})

test('its use is written down once an hour at most', async () => {
  const sql = database()
  await lookedAtAnchors(sql, [one, other], start)
  for (const ms of [0, hourMs - 1, hourMs, 2 * hourMs - 1]) {
    noteAnchors(sql, [idOfOne], shift(start, ms))
    const usedAt = shift(start, ms < hourMs ? 0 : hourMs)
    expect(await anchorsOf(sql, [one, other], start)).toEqual([{ ...unused, usedAt }, unusedOther])
  }
})

test('what is told before the first look is kept; what is no anchor of the store goes with the next', async () => {
  const sql = database()
  noteAnchors(sql, [idOfOne, idOfOther, 'x', "'; DROP TABLE anchors; --"], start)
  expect(await anchorsOf(sql, [one], start)).toEqual([{ ...unused, usedAt: start }])
  await lookedAtAnchors(sql, [one], start)
  expect(sql.all('SELECT id, used_at FROM anchors')).toEqual([{ id: idOfOne, used_at: start }])
})

const idOf = (nth: number): string => nth.toString(16).padStart(64, '0')

test('of more than a call may name, or may be known, the rest is left out', async () => {
  const sql = database()
  const known = (): unknown => sql.all('SELECT COUNT(*) AS known FROM anchors')[0]?.['known']
  for (let from = 0; from < knownAnchorsMax + 200; from += 100) {
    noteAnchors(
      sql,
      Array.from({ length: toldAnchorsMax + 1 }, (_, nth) => idOf(from + nth)),
      start,
    )
    expect(known()).toBe(Math.min(from + toldAnchorsMax, knownAnchorsMax))
  }
})

test.each([
  { text: undefined, ms: unusedAfterMs, told: 0 },
  { text: '90d', ms: 90 * dayMs, told: 0 },
  { text: '25h', ms: 25 * hourMs, told: 0 },
  { text: '24h', ms: dayMs, told: 1 },
  { text: 'a while', ms: unusedAfterMs, told: 1 },
  { text: '0s', ms: unusedAfterMs, told: 1 },
])('ANCHOR_UNUSED_AFTER $text is $ms ms', ({ text, ms, told }) => {
  const lines: string[] = []
  expect(readUnusedAfter(text, (line) => lines.push(line))).toBe(ms)
  expect(lines).toHaveLength(told)
})

const anchorOf = (certificate: Certificate) => ({
  certificate,
  subject: certificate.subject,
  spki: certificate.spki,
})

const away = (): Promise<never> => Promise.reject(new Error('away'))

test('an isolate tells of each anchor once a day, and again what was not taken', async () => {
  const clock = setClock()
  const notes = createAnchorNotes(clock)
  const told = (): Promise<readonly string[]> => notes.tell(async (ids) => ids)
  expect(await told()).toEqual([])
  for (let times = 0; times < 3; times += 1) notes.used(anchorOf(one))
  await expect(notes.tell(away)).rejects.toThrow('away')
  expect(await told()).toEqual([idOfOne])
  notes.used(anchorOf(one))
  notes.used(anchorOf(other))
  expect(await told()).toEqual([idOfOther])
  clock.set(shift(start, dayMs))
  notes.used(anchorOf(one))
  expect([await told(), await told()]).toEqual([[idOfOne], []])
})
