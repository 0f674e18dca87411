import { expect, test } from 'vitest'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createCollector } from '#simulator/report/collect.ts'
import { totalsOf } from '#simulator/report/totals.ts'
import { shift } from '#shared/time.ts'
import { accepted, DAY, judgedAttempt, refused, scenario, start } from './fake-run.ts'

test('of counts made elsewhere the totals are those of whoever counted', () => {
  const collector = createCollector({ scenario, ledger: new Ledger() })
  for (const phase of ['verify', 'passthrough-cookies']) {
    collector.attempt(judgedAttempt({ phase }, accepted('used', 1)))
    collector.attempt(judgedAttempt({ phase }, refused('revoked')))
  }
  collector.attempt(judgedAttempt({}, refused('expired')))
  collector.attempt(
    judgedAttempt(
      {},
      { outcome: 'broken', detail: 'reset', latencyMs: 1 },
      { verdict: 'broken', because: 'reset' },
    ),
  )
  const collected = collector.collected(shift(start, 90 * DAY))
  expect(totalsOf(collected, 0)).toEqual(collector.totals())
  expect(totalsOf(collected, undefined)).toMatchObject({
    attempts: 6,
    refused: { revoked: 2, expired: 1 },
    wrong: 1,
    online: undefined,
  })
})
