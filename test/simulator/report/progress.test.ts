import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import {
  createProgressWriter,
  formatProgress,
  type ProgressView,
} from '#simulator/report/progress.ts'
import { DAY, start } from './fake-run.ts'

const view: ProgressView = {
  phase: 'verify',
  at: shift(start, 12 * DAY),
  startedAt: start,
  endsAt: shift(start, 90 * DAY),
  online: 120,
  attempts: 3000,
  accepted: 2800,
  refused: { revoked: 3, expired: 12 },
  wrong: 0,
  wallMs: 9000,
}

/** A stream that keeps what is written to it. */
function fakeStream(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 80, written, write: (text: string) => written.push(text) }
}

test('a wide line has a bar and every part', () => {
  expect(formatProgress(view, 140)).toBe(
    '███░░░░░░░░░░░░░░░░░  13 %  verify, day 13 of 90 · 120 online · 333/s · 2,800 accepted · ' +
      '15 refused (expired 12, revoked 3)',
  )
})

test('a narrow line is cut to its width', () => {
  expect(formatProgress(view, 40)).toBe(' 13 %  verify, day 13 of 90 · 120 onlin…')
  expect(formatProgress(view, 40)).toHaveLength(40)
})

test('where devices live one after another it counts lives, and nobody as online', () => {
  const lives = { over: 12_000, all: 100_000 }
  const line = formatProgress({ ...view, lives, online: undefined, refused: {} }, 70)
  expect(line).toBe(' 13 %  12,000 of 100,000 lives · 333/s · 2,800 accepted')
})

test('what went wrong stands first', () => {
  expect(formatProgress({ ...view, wrong: 2 }, 40)).toContain('2 WRONG · verify')
})

test.each([
  { name: 'the start is day 1', at: start, text: '  0 %  verify, day 1 of 90' },
  { name: 'the end is the last day', at: view.endsAt, text: '100 %  verify, day 90 of 90' },
])('$name', ({ at, text }) => {
  expect(formatProgress({ ...view, at }, 200)).toContain(text)
})

test('nothing is divided by zero before the first millisecond', () => {
  expect(formatProgress({ ...view, wallMs: 0 }, 200)).toContain(' 0/s')
})

test.each([
  { name: 'too soon', afterMs: 99, lines: 1 },
  { name: 'soon enough', afterMs: 100, lines: 2 },
])('a terminal is rewritten every 100 ms: $name', ({ afterMs, lines }) => {
  const stream = fakeStream(true)
  const writer = createProgressWriter(stream)
  writer.show(view)
  writer.show({ ...view, wallMs: view.wallMs + afterMs })
  expect(stream.written).toHaveLength(lines)
  expect(stream.written.every((text) => text.startsWith('\r\u001B[K'))).toBe(true)
})

test('the terminal is left clean', () => {
  const stream = fakeStream(true)
  const writer = createProgressWriter(stream)
  writer.clear()
  expect(stream.written).toEqual([])
  writer.show(view)
  writer.clear()
  expect(stream.written.at(-1)).toBe('\r\u001B[K')
})

test('where lines stay there is one for each 5 % of the run', () => {
  const stream = fakeStream(false)
  const writer = createProgressWriter(stream)
  for (let hour = 0; hour <= 90 * 24; hour += 1) {
    writer.show({ ...view, at: shift(start, hour * 3_600_000) })
  }
  writer.clear()
  expect(stream.written).toHaveLength(21)
  expect(stream.written.join('')).not.toContain('\u001B')
  expect(stream.written.at(-1)).toMatch(/100 %.*\n$/)
})

test('on a terminal the keys stand at the end of the line, within its width', () => {
  const stream = fakeStream(true)
  createProgressWriter(stream, 'p pauses, q quits').show(view)
  const [line = ''] = stream.written
  expect(line).toMatch(/\[p pauses, q quits\]$/)
  expect(line.length).toBe(79 + '\r\u001B[K'.length)
})
