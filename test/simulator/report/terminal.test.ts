import { describe, expect, test } from 'vitest'
import { renderTerminal } from '#simulator/report/terminal.ts'
import { wantsColour } from '#simulator/report/paint.ts'
import { fakeFailure, fakeRun } from './fake-run.ts'

const plain = { width: 100, isColoured: false }
const run = fakeRun()

function lineStarting(text: string, start: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(start))
}

describe('a run that passed', () => {
  const text = renderTerminal(run, plain)

  test('says so in its last line', () => {
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      'PASS  17,485 decisions, each as the ledger says.',
    )
  })

  test('has a column for each phase and one for all', () => {
    expect(lineStarting(text, 'Phase')?.split(/ {2,}/)).toEqual([
      'Phase',
      'verify',
      'verify-expired-allowed',
      'passthrough-cookies',
      'all',
    ])
    const [, ...cells] = lineStarting(text, 'refused  ')?.split(/ {2,}/) ?? []
    const [verify = 0, expired = 0, cookies = 0, all] = cells.map(Number)
    expect(verify + expired + cookies).toBe(all)
  })

  test('the longest exposure stands first, with its bound below', () => {
    expect(lineStarting(text, 'meter-0056')).toContain('4.7 s')
    expect(text.indexOf('meter-0056')).toBeLessThan(text.indexOf('meter-0030'))
    expect(text).toContain('Bound: 5 s after publication.')
  })

  test('is no wider than the terminal', () => {
    const widths = text.split('\n').map(({ length }) => length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(100)
  })

  test('carries no marks without colour, and some with it', () => {
    expect(text).not.toContain('\u001B')
    expect(renderTerminal(run, { ...plain, isColoured: true })).toContain('\u001B[32m')
  })
})

test('on a narrow terminal the phases stand under each other', () => {
  const text = renderTerminal(run, { width: 60, isColoured: false })
  const widths = text.split('\n').map(({ length }) => length)
  expect(Math.max(...widths)).toBeLessThanOrEqual(60)
  expect(text.match(/^TLS handshakes/gm)).toHaveLength(3)
})

describe('a run that failed', () => {
  const failure = fakeFailure()
  const lines = renderTerminal(failure, plain).trimEnd().split('\n')

  test('ends with the command that replays it, alone on its line', () => {
    expect(lines.at(-1)).toBe(failure.replay)
  })

  test('tells its grounds and its stories', () => {
    expect(lines).toContain('  - 1 wrong accept.')
    expect(lines).toContain('  - Planned, but it never happened: refused as revoked.')
    expect(lines).toContain('Wrong accept: car-0017, attempt 9120')
    expect(lines.join(' ').replaceAll(/ +/g, ' ')).toContain(
      'The ledger says: revoked for keyCompromise',
    )
  })
})

test('a name with an escape sequence cannot move the cursor', () => {
  const text = renderTerminal({ ...run, profile: 'cloud\u001B[2Jflare\u009B' }, plain)
  expect(text).not.toContain('\u001B')
  expect(text).toContain(String.raw`cloud\u001b[2Jflare\u009b`)
})

test('a run stopped before its first phase is told as well', () => {
  const nothing = { phases: [], exposures: [], events: [], timeline: [], decisions: 0 }
  expect(renderTerminal({ ...run, ...nothing }, plain)).toContain('No phase was begun.')
})

test.each([
  { name: 'a terminal', isTTY: true, env: {}, isColoured: true },
  { name: 'a file', isTTY: false, env: {}, isColoured: false },
  { name: 'a pipe knows no isTTY', isTTY: undefined, env: {}, isColoured: false },
  { name: 'NO_COLOR', isTTY: true, env: { NO_COLOR: '1' }, isColoured: false },
  { name: 'a terminal without', isTTY: true, env: { TERM: 'dumb' }, isColoured: false },
  { name: 'NO_COLOR set to nothing', isTTY: true, env: { NO_COLOR: '' }, isColoured: true },
])('colour: $name: $isColoured', ({ isTTY, env, isColoured }) => {
  expect(wantsColour({ isTTY }, env)).toBe(isColoured)
})
