import type { Instant } from '#shared/time.ts'
import type { Ledger } from '../ca/ledger.ts'
import type { JudgedAttempt } from '../oracle/attempt.ts'
import type { CounterName } from '../scenario/counters.ts'
import type { Scenario } from '../scenario/scenario.ts'
import {
  always,
  expectedAttacks,
  expectedConnections,
  expectedFailures,
  expectedResumptions,
  isPutIn,
  withholdsLists,
  expectedCookieHolders,
  expectedLapses,
  expectedReturns,
  isMet,
  refusesOverdue,
  renewsWithin,
  tellsOfSessions,
  toleratesOverdue,
  withCookies,
} from './expectations.ts'

/** What devices do beside trying to get in. */
export type LifecycleEvent =
  | 'enrolled'
  | 'renewed'
  | 'reenrolled'
  | 'returned'
  | 'issuance_failed'
  | 'wiped'
  | 'hostile_requests'

/** Everything that the collector is told of and that an event of the list may count. */
export type Happening =
  | { readonly kind: 'attempt'; readonly judged: JudgedAttempt; readonly ledger: Ledger }
  | { readonly kind: 'lifecycle'; readonly event: LifecycleEvent }
  | { readonly kind: 'counted'; readonly name: CounterName }

/** Something that a scenario plans, so that a run without it has proven nothing about it. */
export interface PlannedEvent {
  readonly event: string
  readonly planned: (scenario: Scenario) => boolean
  readonly counts: (happening: Happening) => boolean
}

/**
 * So many expected occurrences make an event certain enough to demand: by Poisson, a run of five
 * expected has none in e^-5 = 0.7 % of the seeds.
 */
const EXPECTED_MIN = 5

/** The non-vacuity list: an event that the scenario plans has to happen at least once. */
export const plannedEvents: readonly PlannedEvent[] = [
  {
    event: 'refused as expired',
    planned: (scenario) => expectedLapses(scenario, refusesOverdue) >= EXPECTED_MIN,
    counts: attempts((judged, ledger) => refusedFor(judged, 'expired', isExpired(judged, ledger))),
  },
  {
    event: 'expired, accepted within the grace',
    planned: (scenario) => expectedLapses(scenario, toleratesOverdue) >= EXPECTED_MIN,
    counts: attempts((judged, ledger) => isAccepted(judged) && isExpired(judged, ledger)),
  },
  {
    event: 'refused as revoked',
    planned: (scenario) => scenario.revocations.some((plan) => isMet(scenario, plan)),
    counts: attempts((judged, ledger) => refusedFor(judged, 'revoked', isRevoked(judged, ledger))),
  },
  {
    event: 'refused as revoked in spite of a cookie',
    planned: (scenario) => expectedCookieHolders(scenario) >= EXPECTED_MIN,
    counts: attempts(
      (judged) => judged.attempt.cookieSerial !== undefined && refusedFor(judged, 'revoked', false),
    ),
  },
  hostile('no_certificate', 'refused without a certificate'),
  hostile('forged_chain', 'forged chain refused'),
  hostile('swapped_key', 'swapped key refused'),
  hostile('wrong_purpose', 'certificate of a server refused'),
  hostile('forged_header', 'forged header refused'),
  tried('header_besides', 'came with a header that names another'),
  tried('long_chain', 'came with a long chain'),
  tried('ended_intermediate', 'came with an intermediate that has ended'),
  {
    event: 'copied cookie refused',
    planned: (scenario) =>
      expectedAttacks(scenario, 'copied_cookie', withCookies(scenario)) >= EXPECTED_MIN,
    counts: attempts((judged) => refusedFor(judged, 'session_of_other_certificate', false)),
  },
  {
    event: 'session cookie issued',
    planned: (scenario) => expectedConnections(scenario, tellsOfSessions) >= EXPECTED_MIN,
    counts: attempts((judged) => sessionOf(judged) === 'issued'),
  },
  {
    event: 'session cookie used',
    planned: (scenario) =>
      expectedConnections(scenario, tellsOfSessions, (fleet) =>
        fleet.traffic.requests * fleet.traffic.ticks > 1 ? 1 - fleet.traffic.mqttRatio : 0,
      ) >= EXPECTED_MIN,
    counts: attempts((judged) => sessionOf(judged) === 'used'),
  },
  {
    event: 'accepted over MQTT',
    planned: (scenario) =>
      expectedConnections(scenario, always, (fleet) => fleet.traffic.mqttRatio) >= EXPECTED_MIN,
    counts: attempts((judged) => judged.attempt.protocol === 'mqtt' && isAccepted(judged)),
  },
  {
    event: 'certificate renewed',
    planned: (scenario) => scenario.fleets.some((fleet) => renewsWithin(fleet, scenario)),
    counts: lifecycle('renewed'),
  },
  {
    event: 'enrolled anew after a lapse',
    planned: (scenario) => expectedLapses(scenario, refusesOverdue) >= EXPECTED_MIN,
    counts: lifecycle('reenrolled'),
  },
  {
    event: 'back after weeks offline',
    planned: (scenario) => expectedReturns(scenario) >= EXPECTED_MIN,
    counts: lifecycle('returned'),
  },
  {
    event: 'wiped, and begun again',
    planned: ({ fleets }) => expectedOf(fleets, 'wipedRatio') >= EXPECTED_MIN,
    counts: lifecycle('wiped'),
  },
  {
    event: 'hostile request for a certificate refused',
    planned: ({ fleets }) => expectedOf(fleets, 'hostileRatio') >= EXPECTED_MIN,
    counts: attempts(
      ({ attempt, observation }) =>
        attempt.intent === 'hostile_request' && observation.outcome === 'refused',
    ),
  },
  {
    event: 'asked a CA that was gone',
    planned: (scenario) => expectedFailures(scenario) >= EXPECTED_MIN,
    counts: lifecycle('issuance_failed'),
  },
  {
    event: 'list withheld by its publisher',
    planned: (scenario) => withholdsLists(scenario),
    counts: counted('lists_withheld'),
  },
  {
    event: 'fault put in',
    planned: ({ chaos }) => chaos.some(({ fault }) => isPutIn(fault)),
    counts: counted('faults'),
  },
  {
    event: 'TLS session resumed',
    planned: (scenario) => expectedResumptions(scenario) >= EXPECTED_MIN,
    counts: attempts(({ attempt }) => attempt.connection === 'resumed'),
  },
]

/** Of all fleets that onboard, so many devices. */
function expectedOf(fleets: Scenario['fleets'], ratio: 'wipedRatio' | 'hostileRatio'): number {
  return fleets.reduce((sum, { count, onboarding }) => sum + count * (onboarding?.[ratio] ?? 0), 0)
}

function counted(name: CounterName): (happening: Happening) => boolean {
  return (happening) => happening.kind === 'counted' && happening.name === name
}

function attempts(
  counts: (judged: JudgedAttempt, ledger: Ledger) => boolean,
): (happening: Happening) => boolean {
  return (happening) => happening.kind === 'attempt' && counts(happening.judged, happening.ledger)
}

function lifecycle(event: LifecycleEvent): (happening: Happening) => boolean {
  return (happening) => happening.kind === 'lifecycle' && happening.event === event
}

function hostile(kind: Scenario['hostile'][number]['kind'], event: string): PlannedEvent {
  return {
    event,
    planned: (scenario) => expectedAttacks(scenario, kind, always) >= EXPECTED_MIN,
    counts: attempts(
      ({ attempt, observation }) => attempt.intent === kind && observation.outcome === 'refused',
    ),
  }
}

/** Where either answer is right, it has to be tried. */
function tried(kind: Scenario['hostile'][number]['kind'], event: string): PlannedEvent {
  return {
    event,
    planned: (scenario) => expectedAttacks(scenario, kind, always) >= EXPECTED_MIN,
    counts: attempts(({ attempt }) => attempt.intent === kind),
  }
}

function isAccepted({ observation }: JudgedAttempt): boolean {
  return observation.outcome === 'accepted'
}

function sessionOf({ observation }: JudgedAttempt): 'none' | 'issued' | 'used' {
  return observation.outcome === 'accepted' ? observation.session : 'none'
}

/** Refused with this code, or by a terminator that closes without a word while the cause was true. */
function refusedFor({ observation }: JudgedAttempt, code: string, isCause: boolean): boolean {
  if (observation.outcome !== 'refused') return false
  return observation.code === code || (observation.code === 'connection_closed' && isCause)
}

function isExpired({ attempt }: JudgedAttempt, ledger: Ledger): boolean {
  const certificate = attempt.serial === undefined ? undefined : ledger.certificate(attempt.serial)
  if (certificate === undefined) return false
  return wholeSeconds(attempt.at) > wholeSeconds(certificate.notAfter)
}

/** X.509 knows whole seconds (RFC 5280 4.1.2.5): a certificate is good to the end of its last. */
function wholeSeconds(at: Instant): number {
  return Math.floor(at / 1000)
}

function isRevoked({ attempt }: JudgedAttempt, ledger: Ledger): boolean {
  const revocation = attempt.serial === undefined ? undefined : ledger.revocation(attempt.serial)
  return revocation?.publishedAt !== undefined && attempt.at >= revocation.publishedAt
}
