import { shift } from '#shared/time.ts'
import { phaseAt, placePhases } from '../scenario/phases.ts'
import type {
  ChaosEvent,
  Fleet,
  HostileKind,
  OfflineProcess,
  Phase,
  RevocationPlan,
  Scenario,
} from '../scenario/scenario.ts'
import { overdueAfter } from '../scenario/arithmetic.ts'
import { caOutages, publisherOutages } from '../scenario/outages.ts'
import { lapsedReturns, type Overdue } from './lapsed-returns.ts'

/** Picks phases, or picks all. */
type PhaseChoice = (phase: Phase) => boolean

export const always: PhaseChoice = () => true

/** Where cookies decide; an ALB that verifies by itself takes none beside its own word. */
export function withCookies({ front }: Scenario): PhaseChoice {
  return ({ cookies, mode }) => cookies && (front.profile !== 'alb' || mode === 'passthrough')
}

/** Where a target tells what its session did: a gateway that verifies keeps that to itself. */
export const tellsOfSessions: PhaseChoice = ({ cookies, mode }) => cookies && mode === 'passthrough'

export const refusesOverdue: Overdue = ({ expired }, overdueMs) =>
  expired.word === 'refuse' || (expired.word === 'grace' && overdueMs > expired.forMs)

export const toleratesOverdue: Overdue = ({ expired }, overdueMs) =>
  expired.word === 'allow' || (expired.word === 'grace' && overdueMs <= expired.forMs)

/** How many devices are expected to return with a certificate that has ended, where it counts. */
export function expectedLapses(scenario: Scenario, counts: Overdue): number {
  return sum(scenario.fleets.map((fleet) => lapsedReturns(scenario, fleet, counts)))
}

/** How many devices are expected to go away for weeks and to come back within the run. */
export function expectedReturns({ fleets, time }: Scenario): number {
  return sum(
    fleets.flatMap(({ count, offline }) =>
      offline.map((process) => count * returningRatio(process, time.durationMs)),
    ),
  )
}

/** Share of a fleet that an offline process sends away for long and lets come back in time. */
function returningRatio(process: OfflineProcess, durationMs: number): number {
  switch (process.process) {
    case 'garage':
      return process.maxMs < durationMs ? process.ratio : 0
    case 'outage':
      return process.atMs + process.forMs + process.spreadMs < durationMs ? process.ratio : 0
    case 'tunnel':
      return 0
  }
}

/** How many attacks of a kind are expected in the chosen phases. */
export function expectedAttacks(
  scenario: Scenario,
  kind: HostileKind,
  inPhase: PhaseChoice,
): number {
  const plans = scenario.hostile.filter((plan) => plan.kind === kind)
  return sum(plans.map(({ everyMs }) => phaseMs(scenario, inPhase) / everyMs))
}

/** How many connections are expected in the chosen phases; of each fleet only a share, if given. */
export function expectedConnections(
  scenario: Scenario,
  inPhase: PhaseChoice,
  share: (fleet: Fleet) => number = () => 1,
): number {
  const ms = phaseMs(scenario, inPhase)
  return sum(
    scenario.fleets.map((fleet) => (fleet.count * ms * share(fleet)) / fleet.traffic.everyMs),
  )
}

/**
 * How many connections devices are expected to have made in a phase with cookies before they were
 * revoked in it, of those that go on: so many chances to hold a cookie when the CRL comes out.
 */
export function expectedCookieHolders(scenario: Scenario): number {
  const isChosen = withCookies(scenario)
  const placed = placePhases(scenario).filter(({ phase }) => isChosen(phase))
  const chances = scenario.revocations.map((plan) => {
    const at = shift(scenario.time.start, plan.atMs)
    const within = placed.find(({ startedAt, endsAt }) => startedAt <= at && at < endsAt)
    const fleet = scenario.fleets.find(({ kind }) => kind === plan.kind)
    if (within === undefined || fleet === undefined || !isMet(scenario, plan)) return 0
    return (plan.count * (at - within.startedAt)) / fleet.traffic.everyMs
  })
  return sum(chances)
}

/** Whether a revoked key that goes on has time left to be met after the CRL is out, in its phase. */
export function isMet(scenario: Scenario, { atMs, count, goesOn }: RevocationPlan): boolean {
  const { pki, edge, time } = scenario
  const metMs = atMs + pki.crl.publishDelayMs + edge.maxStalenessMs + time.tickMs
  const phase = phaseAt(scenario, shift(time.start, metMs))
  const isSamePhase = phase === phaseAt(scenario, shift(time.start, atMs))
  return count > 0 && goesOn && phase !== undefined && isSamePhase
}

/** Whether every device of a fleet that stays online has to renew within the run. */
export function renewsWithin({ count, certificate, traffic }: Fleet, { time }: Scenario): boolean {
  const latestRatio = certificate.renewAtRatio * (1 + certificate.renewJitterRatio)
  return count > 0 && certificate.validityMs * latestRatio + 2 * traffic.everyMs < time.durationMs
}

/** How many devices are expected to ask for a certificate while the CA is gone. */
export function expectedFailures(scenario: Scenario): number {
  return sum(
    caOutages(scenario).flatMap(({ from, until }) =>
      scenario.fleets.map((fleet) => overdueAfter(fleet, until - from)),
    ),
  )
}

/** Whether a list falls due while its publisher is down. */
export function withholdsLists(scenario: Scenario): boolean {
  const { publishEveryMs } = scenario.pki.crl
  return publisherOutages(scenario).some(({ from, until }) => until - from >= publishEveryMs)
}

/** Whether a fault is an act of the engine; the others are outages that others meet. */
export function isPutIn(fault: ChaosEvent['fault']): boolean {
  return fault !== 'ca.down' && fault !== 'crl.publisher_down'
}

/** How many connections are expected to be resumed: those that follow another within a ticket's life. */
export function expectedResumptions(scenario: Scenario): number {
  return expectedConnections(scenario, always, ({ traffic }) =>
    traffic.ticketMs > traffic.everyMs ? (1 - traffic.mqttRatio) / 2 : 0,
  )
}

function phaseMs(scenario: Scenario, inPhase: PhaseChoice): number {
  return sum(scenario.phases.filter(inPhase).map(({ forMs }) => forMs))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
