import { expect, test } from 'vitest'
import { compareResults } from '#simulator/report/compare/compare.ts'
import { renderComparison } from '#simulator/report/compare/print.ts'
import { readResult, type ComparedResult } from '#simulator/report/compare/read-result.ts'
import { renderJson } from '#simulator/report/json.ts'
import { createPaint } from '#simulator/report/paint.ts'
import type { RunResult } from '#simulator/report/run-result.ts'
import { fakeRun } from '../fake-run.ts'

/** A result as it comes back from its file. */
function compared(changes: Partial<RunResult> = {}): ComparedResult {
  const read = readResult(renderJson({ ...run, ...changes }))
  if (!read.ok) throw new Error(read.error)
  return read.value
}

const run = fakeRun({ wrongAccepts: 0, unexplainedRefusals: 0, broken: 0, exposures: [] })
const asserted = (holds: boolean, found: string) => [
  { assertion: 'renewed at least 5', found, holds },
]
const exposed = (exposureMs: number) => [
  {
    device: 'car-0001',
    serial: '0A',
    reason: 'keyCompromise',
    revokedAt: run.startedAt,
    publishedAt: run.startedAt,
    lastAcceptedAt: undefined,
    attemptsAfterPublication: 1,
    exposureMs,
    byMeans: {},
  },
]
const bound = run.scenario.maxStalenessMs
const event = (count: number) => [{ event: 'certificate renewed', count, atLeast: 1 }]

const cases: readonly {
  name: string
  a?: Partial<RunResult>
  b?: Partial<RunResult>
  worse: readonly (string | RegExp)[]
}[] = [
  { name: 'the same', worse: [] },
  {
    name: 'a wrong accept',
    b: { wrongAccepts: 1 },
    worse: ['1 wrong accept, where there were 0.'],
  },
  { name: 'as many', a: { wrongAccepts: 2 }, b: { wrongAccepts: 2 }, worse: [] },
  { name: 'fewer', a: { wrongAccepts: 2 }, b: { wrongAccepts: 1 }, worse: [] },
  {
    name: 'more refusals that nothing explains',
    a: { unexplainedRefusals: 1 },
    b: { unexplainedRefusals: 2 },
    worse: ['2 unexplained refusals, where there was 1.'],
  },
  {
    name: 'an attempt without a decision',
    b: { broken: 1 },
    worse: ['1 attempt without a decision, where there were 0.'],
  },
  {
    name: 'an assertion lost',
    a: { assertions: asserted(true, '5') },
    b: { assertions: asserted(false, '4') },
    worse: ['No longer holds: renewed at least 5; found 4, where it was 5.'],
  },
  {
    name: 'an assertion that never held',
    a: { assertions: asserted(false, '4') },
    b: { assertions: asserted(false, '3') },
    worse: [],
  },
  {
    name: 'an assertion that is new and fails',
    b: { assertions: asserted(false, '3') },
    worse: ['Asserted for the first time: renewed at least 5; found 3.'],
  },
  { name: 'an assertion less', a: { assertions: asserted(true, '5') }, worse: [] },
  { name: 'exposed to the bound', b: { exposures: exposed(bound) }, worse: [] },
  {
    name: 'exposed above the bound',
    b: { exposures: exposed(bound + 1) },
    worse: [/^1 revoked certificate let in for longer than 5 s .* car-0001 \(serial 0A\)/],
  },
  {
    name: 'exposed as before',
    a: { exposures: exposed(bound + 1) },
    b: { exposures: exposed(bound + 1) },
    worse: [],
  },
  {
    name: 'exposed for longer than before',
    a: { exposures: exposed(bound + 1) },
    b: { exposures: exposed(bound + 2) },
    worse: [/^1 revoked certificate/],
  },
  {
    name: 'a planned event that no longer happens',
    a: { events: event(1) },
    b: { events: event(0) },
    worse: ['Planned, and it no longer happens: certificate renewed.'],
  },
  { name: 'one that never did', a: { events: event(0) }, b: { events: event(0) }, worse: [] },
  { name: 'it broke off', b: { ended: 'failed' }, worse: ['It broke off.'] },
  {
    name: 'it was interrupted',
    b: { ended: 'interrupted', events: event(0) },
    worse: ['It was interrupted before its end.'],
  },
  {
    name: 'nothing decided',
    b: { decisions: 0 },
    worse: ['Nothing was decided, so nothing was proven.'],
  },
  { name: 'slower, which nobody asserted', b: { wallMs: run.wallMs * 9 }, worse: [] },
]

test.each(cases)('$name', ({ a, b, worse }) => {
  const found = compareResults(compared(a), compared(b)).worse
  expect(found).toHaveLength(worse.length)
  for (const [index, sentence] of worse.entries()) expect(found[index]).toMatch(sentence)
})

test('what changed is told with its change; a code that was not met is none of it', () => {
  const [first, ...rest] = run.phases
  if (first === undefined) throw new Error('the run has no phase')
  const phases = [{ ...first, refused: { ...first.refused, new_code: 3 } }, ...rest]
  const { measures } = compareResults(compared(), compared({ phases }))
  expect(measures.filter(({ a, b }) => a !== b)).toEqual([
    {
      part: 'decisions',
      name: 'refused',
      phase: undefined,
      unit: 'count',
      ...risen(measures, undefined),
    },
    {
      part: 'decisions',
      name: 'refused',
      phase: first.name,
      unit: 'count',
      ...risen(measures, first.name),
    },
    {
      part: 'decisions',
      name: 'refused: new_code',
      phase: undefined,
      unit: 'count',
      a: 0,
      b: 3,
      change: 3,
    },
    {
      part: 'decisions',
      name: 'refused: new_code',
      phase: first.name,
      unit: 'count',
      a: 0,
      b: 3,
      change: 3,
    },
  ])
})

/** Three more than before, whatever that was. */
function risen(
  measures: ReturnType<typeof compareResults>['measures'],
  phase: string | undefined,
): { readonly a: number; readonly b: number; readonly change: number } {
  const a = measures.find((each) => each.name === 'refused' && each.phase === phase)?.a
  if (a === undefined) throw new Error('refusals are not measured')
  return { a, b: a + 3, change: 3 }
}

test('the page: settings first, what changed, the verdict last', () => {
  const scenario = { ...run.scenario, seed: 43, name: '\u001B[2J' }
  const b = compared({ scenario, wrongAccepts: 2, decisions: run.decisions })
  const text = renderComparison(compareResults(compared(), b), {
    paint: createPaint(false),
    isWhole: false,
  })
  expect(text).toContain('not the same seed: 42, then 43')
  expect(text).toMatch(/oracle +wrong accepts +all +0 +2 +\+2\n/)
  expect(text).not.toContain('unexplained')
  expect(text).not.toContain('\u001B')
  expect(text.trimEnd().split('\n').slice(-2)).toEqual([
    'WORSE  1 thing that counts:',
    '  2 wrong accepts, where there were 0.',
  ])
})

test.each([
  { name: 'no JSON', text: '{', says: 'not JSON: ' },
  { name: 'another file', text: '[]', says: 'not the result of a run: the whole: ' },
  {
    name: 'a field of another type',
    text: renderJson(run).replace('"wrongAccepts": 0', '"wrongAccepts": "0"'),
    says: 'not the result of a run: wrongAccepts: ',
  },
  {
    name: 'a negative count',
    text: renderJson({ ...run, broken: -1 }),
    says: 'not the result of a run: broken: ',
  },
])('$name is said', ({ text, says }) => {
  const read = readResult(text)
  expect(read.ok ? 'read' : read.error).toContain(says)
})
