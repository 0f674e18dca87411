import { shift } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Progress, Run } from '#simulator/engine/run.ts'
import { createCollector } from '#simulator/report/collect.ts'
import {
  accepted,
  DAY,
  fakeFailure,
  fakeRun,
  judgedAttempt,
  MINUTE,
  refused,
  scenario,
  start,
} from '../report/fake-run.ts'

/** One line of an event log, of the first day. */
export const line = (event: string, facts: object): string =>
  JSON.stringify({ at: '2027-01-01T08:00:00Z', event, ...facts })

export const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>'

const log = [
  line('phase', { phase: 'verify', mode: 'verify' }),
  line('enroll', { device: 'car-0001', serial: '0A' }),
  line('attempt', {
    actor: 'car-0001',
    intent: 'regular',
    protocol: 'https',
    connection: 'fresh',
    serial: '0A',
    outcome: 'accepted',
    session: 'used',
    verdict: 'right',
  }),
  line('attempt', {
    actor: 'car-0001',
    intent: evil,
    protocol: 'mqtt',
    connection: 'held',
    serial: '0A',
    outcome: 'refused',
    code: 'not_yet_valid',
    verdict: 'unexplained_refusal',
  }),
  line('enroll', { device: 'car-00011', serial: '0B' }),
]

/** A run on its tenth day, with a refusal and a revoked car that was let in for four seconds. */
export function fakeProgress(): Progress {
  const collector = createCollector({ scenario, ledger: new Ledger() })
  const at = shift(start, 10 * DAY + MINUTE)
  for (let day = 0; day < 10; day += 1) {
    const attempt = { at: shift(start, day * DAY), phase: 'verify' }
    collector.online(attempt.at, 100 + day)
    for (let n = 0; n < 20; n += 1) collector.attempt(judgedAttempt(attempt))
    collector.attempt(judgedAttempt(attempt, refused('revoked')))
    collector.attempt(judgedAttempt(attempt, accepted('used', 30)))
  }
  const { exposures } = fakeRun()
  return {
    at,
    time: scenario.time,
    phase: 'verify',
    totals: collector.totals(),
    wallMs: 4000,
    soFar: {
      scenario,
      standings: () => ({ active: 190, renewing: 4, lapsed: 3, revoked: 3 }),
      collected: () => collector.collected(at),
      exposures: () => exposures.slice(0, 2),
      lines: () => log,
    },
  }
}

/** The same run at its end: it failed. */
export const fakeEnd = (): Run => ({ result: fakeFailure(), log })
