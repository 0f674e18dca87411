import { expect, test } from 'vitest'
import { faults } from '#simulator/chaos/faults/catalogue.ts'
import { byToken } from '#simulator/chaos/faults/enrolment/questions.ts'
import { playEnrolment } from '#simulator/chaos/faults/enrolment/play.ts'
import type { EnrolmentStage } from '#simulator/chaos/faults/enrolment/stage.ts'
import { start, validityMs } from '#simulator/chaos/faults/enrolment/times.ts'
import { createUpstreamCa } from '#simulator/onboarding/authorities.ts'
import { createLedger } from '#simulator/onboarding/ledger.ts'
import { runCli } from '../commands/cli.ts'

const played = faults.flatMap(({ id, name, played: all }) =>
  all.flatMap((each) => (each.by === 'enrolment' ? [{ id, name, ...each }] : [])),
)

const options = { fault: 'C0', seed: 1, nowMs: Date.now() }

test.each(played)(
  '$id $name: what has to hold holds, and it did happen',
  async ({ id, run, furtherCas }) => {
    const further = furtherCas && {
      furtherCas: (fleet: Parameters<typeof furtherCas>[1]) => furtherCas(1, fleet),
    }
    const { checks } = await playEnrolment(run, { ...options, fault: id, ...further })
    expect(checks.filter(({ holds }) => !holds)).toEqual([])
    expect(checks.length).toBeGreaterThan(3)
  },
  60_000,
)

/** What a fault says of an edge, a CA or itself that is not as it should be. */
const broken: readonly [
  name: string,
  said: string,
  run: (stage: EnrolmentStage) => Promise<void>,
][] = [
  [
    'a refusal by another code',
    '401 claim_unknown',
    async (stage) => {
      const request = stage.requestOf('device', stage.keysOf('device'))
      await stage.asks('somebody', byToken(request, 'guessed'), '200')
    },
  ],
  [
    'a revoked device that no list names',
    '200',
    async (stage) => stage.connects('somebody', await stage.enrol('device'), 'revoked'),
  ],
  ['a fault that did nothing', '0', async (stage) => stage.counted('done', 0, 1)],
  [
    'a CA that certifies what its ledger does not know',
    'certificate_of_the_ca',
    async (stage) => {
      const plan = { seed: 2, validityMs, outage: { fromMs: 0, forMs: 0 } }
      const ledger = createLedger({ isOutageSafe: true })
      const of = { clock: { now: () => stage.now() }, start, ledger }
      stage.bendCa(() => createUpstreamCa(plan, stage.fleet, of))
      await stage.enrol('device')
    },
  ],
]

test.each(broken)('%s is a finding: %s', async (_name, said, run) => {
  const wrong = (await playEnrolment(run, options)).checks.filter(({ holds }) => !holds)
  expect(wrong.map((each) => each.said)).toEqual([expect.stringContaining(said)])
  expect(wrong[0]?.story.length).toBeGreaterThan(0)
})

test('a fault of onboarding is played and told', async () => {
  const { status, stdout } = await runCli('chaos', 'run', 'renewal-torn', '--target', 'est')
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^C30  ok \d+ .*\n\nPASS {2}\d+ attempts before our EST server/),
  ])
}, 60_000)
