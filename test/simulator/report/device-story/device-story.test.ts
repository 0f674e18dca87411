import { expect, test } from 'vitest'
import { createPaint } from '#simulator/report/paint.ts'
import { createDeviceStory } from '#simulator/report/device-story/device-story.ts'
import { readLogLine, type LogLine } from '#simulator/report/device-story/log-line.ts'
import { renderStory } from '#simulator/report/device-story/print.ts'

const day = (number: number): string => `2027-01-0${number}T00:00:00Z`

function attempt(at: string, facts: Partial<LogLine> = {}): LogLine {
  return {
    at,
    event: 'attempt',
    actor: 'car-0001',
    intent: 'regular',
    protocol: 'https',
    serial: '0A',
    connection: 'fresh',
    phase: 'verify',
    outcome: 'accepted',
    session: 'none',
    verdict: 'right',
    ...facts,
  }
}

const life: readonly LogLine[] = [
  { at: day(1), event: 'phase', phase: 'verify', mode: 'verify' },
  { at: day(1), event: 'crls_published' },
  { at: day(1), event: 'enroll', device: 'car-0001', serial: '0A' },
  { at: day(1), event: 'enroll', device: 'car-0002', serial: '0B' },
  attempt(day(2)),
  attempt('2027-01-02T06:00:00Z'),
  attempt(day(2), { actor: 'car-0002', serial: '0B' }),
  { at: day(3), event: 'returned', device: 'car-0001', since: '2027-01-02T12:00:00Z' },
  { at: day(3), event: 'issuance_failed', device: 'car-0001' },
  { at: day(3), event: 'renew', device: 'car-0001', serial: '0C' },
  attempt(day(4), {
    actor: 'car-0002',
    intent: 'copied_cookie',
    serial: '0B',
    cookieSerial: '0C',
    outcome: 'refused',
    code: 'session_of_other_certificate',
  }),
  { at: day(5), event: 'revoked', device: 'car-0001', serial: '0C', reason: 'keyCompromise' },
  { at: day(5), event: 'crls_withheld' },
  { at: day(6), event: 'crls_published' },
  { at: day(7), event: 'crls_published' },
  attempt(day(7), { serial: '0C', intent: 'revoked_goes_on', verdict: 'wrong_accept' }),
  attempt(day(8), { serial: '0C', outcome: 'broken', verdict: 'broken' }),
]

function momentsOf(device: string, lines: readonly LogLine[]) {
  const story = createDeviceStory(device)
  for (const line of lines) story.take(line)
  return story.moments()
}

test('a life: its own lines, its certificates in other hands, and the world around it', () => {
  expect(momentsOf('car-0001', life).map(({ told }) => told)).toEqual([
    'phase verify begins, in mode verify',
    'got a certificate, serial 0A',
    'came over HTTPS, fresh connection, serial 0A: accepted',
    'came over HTTPS, fresh connection, serial 0A: accepted',
    'is back after 12 h offline',
    'asked for a certificate and got none',
    'renewed its certificate, serial 0C now',
    'car-0002 (copied cookie) came over HTTPS, fresh connection, serial 0B and the cookie of serial 0C: refused, session_of_other_certificate',
    'its certificate, serial 0C, is revoked: keyCompromise',
    'the list that names its certificate is published',
    'came over HTTPS, fresh connection, serial 0C (revoked goes on): accepted; WRONG ACCEPT',
    'came over HTTPS, fresh connection, serial 0C: no decision; NO VERDICT',
  ])
})

test('for people the same thing again is one line with a count, and the wrong is counted first', () => {
  const text = renderStory('car-0001', momentsOf('car-0001', life), createPaint(false))
  expect(text.split('\n').slice(0, 2)).toEqual([
    'car-0001',
    '2 certificates, 4 attempts: 3 accepted, 0 refused, 1 without a decision; 2 WRONG',
  ])
  expect(text).toContain(
    '2027-01-02 00:00:00  came over HTTPS, fresh connection, serial 0A: accepted (2 times, until 2027-01-02 06:00:00)',
  )
})

test('a log that is out of order is told in the order of time', () => {
  const late = attempt(day(9))
  expect(momentsOf('car-0001', [late, ...life]).at(-1)?.line).toBe(late)
})

test('who is not named is not known', () => {
  const story = createDeviceStory('car-0003')
  for (const line of life) story.take(line)
  expect(story.isKnown()).toBe(false)
  expect(story.names()).toEqual(['car-0001', 'car-0002'])
})

test.each([
  { name: 'no JSON', line: '{', says: 'not JSON: ' },
  { name: 'no instant', line: '{"event":"phase"}', says: 'at: ' },
  { name: 'a local time', line: '{"at":"2027-01-01","event":"phase"}', says: 'at: ' },
  { name: 'a list', line: '[]', says: 'the whole: ' },
  {
    name: 'another verdict',
    line: '{"at":"2027-01-01T00:00:00Z","event":"attempt","verdict":"good"}',
    says: 'verdict: ',
  },
])('$name is no line of a log', ({ line, says }) => {
  const read = readLogLine(line)
  expect(read.ok ? 'read' : read.error).toContain(says)
})

test('escape sequences of a log do not reach the terminal', () => {
  const line = { at: day(1), event: 'enroll', device: 'car-0001', serial: '\u001B[2J' }
  const text = renderStory('car-0001', momentsOf('car-0001', [line]), createPaint(false))
  expect(text).not.toContain('\u001B')
})
