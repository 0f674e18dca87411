import { describe, expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { exposuresByMeans, judgeAssertions, type Measured } from '#simulator/report/assertions.ts'
import { conclude } from '#simulator/report/conclude.ts'
import { createRecoveryLog } from '#simulator/report/recovery.ts'
import type { Assertions } from '#simulator/scenario/scenario.ts'
import { fakeRun, HOUR, MINUTE, start } from './fake-run.ts'

const nothing: Assertions = {
  availability: {},
  exposureMs: {},
  recoveryMs: undefined,
  atLeast: {},
  atMost: {},
}
const outage = { from: start, until: shift(start, HOUR) }
const measured: Measured = {
  counters: { renewed: 10 },
  availability: { car: { attempts: 1000, accepted: 990 }, pod: { attempts: 0, accepted: 0 } },
  recoveries: [{ ...outage, failed: 3, waiting: 0, recoveredMs: 5 * MINUTE }],
  exposureByMeans: { full: { tries: 4, exposureMs: 5000 } },
}

/** Last that holds, first that does not; and what was never tried does not hold. */
const cases: readonly {
  name: string
  assert: Partial<Assertions>
  holds: boolean
  found: string
  given?: Partial<Measured>
}[] = [
  { name: 'count, least', assert: { atLeast: { renewed: 10 } }, holds: true, found: '10' },
  { name: 'count, too few', assert: { atLeast: { renewed: 11 } }, holds: false, found: '10' },
  { name: 'count of nothing', assert: { atLeast: { returned: 1 } }, holds: false, found: '0' },
  { name: 'count, most', assert: { atMost: { renewed: 10 } }, holds: true, found: '10' },
  { name: 'count, too many', assert: { atMost: { renewed: 9 } }, holds: false, found: '10' },
  { name: 'never happened', assert: { atMost: { returned: 0 } }, holds: true, found: '0' },
  {
    name: 'available',
    assert: { availability: { car: 0.99 } },
    holds: true,
    found: '99 % of 1,000 attempts',
  },
  {
    name: 'not as available',
    assert: { availability: { car: 0.991 } },
    holds: false,
    found: '99 % of 1,000 attempts',
  },
  {
    name: 'nobody came',
    assert: { availability: { pod: 0 } },
    holds: false,
    found: 'no attempt of it',
  },
  {
    name: 'exposed within',
    assert: { exposureMs: { full: 5000 } },
    holds: true,
    found: '5 s in 4 tries',
  },
  {
    name: 'exposed beyond',
    assert: { exposureMs: { full: 4999 } },
    holds: false,
    found: '5 s in 4 tries',
  },
  {
    name: 'exposure never tried',
    assert: { exposureMs: { cookie: 5000 } },
    holds: false,
    found: 'nobody who tried it after a publication',
  },
  {
    name: 'recovered within',
    assert: { recoveryMs: 5 * MINUTE },
    holds: true,
    found: '5 min for 3 devices',
  },
  {
    name: 'recovered later',
    assert: { recoveryMs: 5 * MINUTE - 1 },
    holds: false,
    found: '5 min for 3 devices',
  },
  {
    name: 'still waiting',
    assert: { recoveryMs: HOUR },
    given: { recoveries: [{ ...outage, failed: 3, waiting: 1, recoveredMs: 0 }] },
    holds: false,
    found: '0 s for 3 devices, and 1 still waiting',
  },
  {
    name: 'nobody failed',
    assert: { recoveryMs: HOUR },
    given: { recoveries: [{ ...outage, failed: 0, waiting: 0, recoveredMs: 0 }] },
    holds: false,
    found: 'nobody who failed in one',
  },
]

test.each(cases)('$name: holds is $holds', ({ assert, given, holds, found }) => {
  const results = judgeAssertions({ ...nothing, ...assert }, { ...measured, ...given })
  expect(results).toEqual([{ assertion: expect.any(String), found, holds }])
})

test('a run fails for an assertion that does not hold, and says what was found', () => {
  const assertions = judgeAssertions({ ...nothing, atLeast: { renewed: 11 } }, measured)
  const { verdict, failures } = conclude({ ...fakeRun(), assertions })
  expect(verdict).toBe('fail')
  expect(failures).toEqual(['Asserted: renewed at least 11; found 10.'])
})

const means = (tries: number, exposureMs: number) => ({ held: { tries, exposureMs } })
const at = (minutes: number) => shift(start, minutes * MINUTE)

test('exposures of several revocations: the longest of each means, all tries', () => {
  const [window] = fakeRun().exposures
  if (window === undefined) throw new Error('no exposure')
  const windows = [means(2, 0), means(3, 4000)].map((byMeans) => ({ ...window, byMeans }))
  expect(exposuresByMeans(windows)).toEqual({ held: { tries: 5, exposureMs: 4000 } })
})

describe('recovery', () => {
  test('from the end of the outage to the last certificate of those who had failed in it', () => {
    const log = createRecoveryLog([outage])
    log.failed('a', at(10))
    log.failed('a', at(20))
    log.failed('b', at(59))
    log.failed('c', at(60))
    log.served('b', at(61))
    log.served('c', at(90))
    log.served('a', at(75))
    expect(log.recoveries()).toEqual([
      { ...outage, failed: 2, waiting: 0, recoveredMs: 15 * MINUTE },
    ])
  })

  test('who has none in the end is still waiting', () => {
    const log = createRecoveryLog([outage])
    log.failed('a', at(10))
    expect(log.recoveries()).toEqual([{ ...outage, failed: 1, waiting: 1, recoveredMs: 0 }])
  })
})
