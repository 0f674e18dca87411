import { expect, test } from 'vitest'
import { judge, type Outcome, type Seen } from './judge.ts'

const answered = (status: number, body = ''): Outcome => ({ kind: 'answered', status, body })

/** A request that was answered as it should be. */
const good: Seen = {
  ids: ['r1'],
  outcomes: [{ id: 'r1', outcome: answered(200, 'a r1') }],
  logged: [{ id: 'r1', problem: undefined }],
  arrivals: [{ id: 'r1', target: 'a' }],
}
const told = (status: number, problem: string | undefined): Partial<Seen> => ({
  outcomes: [{ id: 'r1', outcome: answered(status) }],
  logged: [{ id: 'r1', problem }],
})

test.each([
  ['answered', {}, { answered: 1, dropped: {} }],
  [
    'unreachable',
    { ...told(502, 'target_unreachable'), arrivals: [] },
    { answered: 0, dropped: { target_unreachable: 1 } },
  ],
  [
    'broken off behind its arrival',
    told(502, 'target_unreachable'),
    { answered: 0, dropped: { target_unreachable: 1 } },
  ],
  ['too late', told(504, 'target_timeout'), { answered: 0, dropped: { target_timeout: 1 } }],
  [
    'cut',
    { outcomes: [{ id: 'r1', outcome: { kind: 'cut' } }] },
    { answered: 0, dropped: { cut: 1 } },
  ],
] as const)('%s', (_, seen, counts) => {
  expect(judge({ ...good, ...seen })).toEqual({ requests: 1, ...counts, faults: [] })
})

test.each([
  ['no outcome', { outcomes: [] }, ['r1: 0 outcomes']],
  ['two outcomes', { outcomes: [...good.outcomes, ...good.outcomes] }, ['r1: 2 outcomes']],
  ['not logged', { logged: [] }, ['r1: logged 0 times']],
  ['logged twice', { logged: [...good.logged, ...good.logged] }, ['r1: logged 2 times']],
  ['logged as another', told(502, 'target_timeout'), ['r1: 502 was logged as target_timeout']],
  ['logged as answered', told(502, undefined), ['r1: 502 was logged as no problem']],
  [
    'answered and logged as dropped',
    { logged: [{ id: 'r1', problem: 'target_timeout' }] },
    ['r1: 200 was logged as target_timeout'],
  ],
  [
    'sent to two',
    { arrivals: [...good.arrivals, { id: 'r1', target: 'b' }] },
    ['r1: reached 2 targets'],
  ],
  ['sent to nobody', { arrivals: [] }, ['r1: answered, and reached no target']],
  [
    "another's answer",
    { outcomes: [{ id: 'r1', outcome: answered(200, 'a r2') }] },
    ['r1: answered with "a r2" by a'],
  ],
  ['another status', told(500, undefined), ['r1: answered with 500']],
  [
    'never sent',
    { logged: [...good.logged, { id: 'r2', problem: undefined }] },
    ['r2: seen, and never sent'],
  ],
] as const)('a fault: %s', (_, seen, faults) => {
  expect(judge({ ...good, ...seen }).faults).toEqual(faults)
})
