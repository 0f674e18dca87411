import { shift, type Instant } from '#shared/time.ts'
import type { Ledger } from '../ca/ledger.ts'
import type { ExposureWindow } from '../report/run-result.ts'
import type { ChaosEvent, Phase, Scenario } from '../scenario/scenario.ts'
import { createAskings, type Askings } from './askings.ts'
import type { Attempt, Observation, Verdict } from './attempt.ts'
import { createExposureLog } from './exposure.ts'
import { edgeClockOf, isEverOutOfSight, partitionsOf, startsOf, type EdgeClock } from './faults.ts'
import { reckonedAt } from './reckoning.ts'
import type { Promptness } from './standing.ts'
import { nextChange } from './truth-changes.ts'
import { objections, strangers, terminatorDecides, type Facts, type Objection } from './truths.ts'

/** The judge of every decision. It shares no code with the core that makes them. */
export interface Oracle {
  /** Whether what the actor saw is what had to happen. Judge attempts in the order of their time. */
  judge(attempt: Attempt, observation: Observation): Verdict
  /**
   * Up to but not including when the same attempt with the same observation is judged the same, as
   * long as nothing more is written into the ledger. The attempt's own instant where its certificate
   * is revoked: of those every try counts.
   */
  standsUntil(attempt: Attempt): number
  /** How long each revoked certificate was let in after its revocation was published. */
  exposures(): readonly ExposureWindow[]
}

export interface OracleOptions {
  readonly ledger: Ledger
  readonly scenario: Scenario
  /** How far the clocks of the two sides may be apart; 0 (the default) where they share one. */
  readonly toleranceMs?: number
}

/** An oracle over the world's ledger and the phases' policies. */
export function createOracle({ ledger, scenario, toleranceMs = 0 }: OracleOptions): Oracle {
  const phases = new Map(scenario.phases.map((phase) => [phase.name, phase]))
  const askings = createAskings()
  const clock = edgeClockOf(scenario)
  const promptness = promptnessOf(scenario, toleranceMs, askings, clock)
  const asksMatter = isEverOutOfSight(scenario) || isEverSet(clock)
  // What is issued and published changes with them, and what is true of a certificate does not.
  const calm: readonly ChaosEvent['fault'][] = ['ca.down', 'crl.publisher_down']
  const isCalm = scenario.chaos.every(({ fault }) => calm.includes(fault))
  const clockAt = (at: Instant): Instant => shift(at, clock.aheadAt(at))
  const world = { ledger, scenario, toleranceMs, promptness, clockAt }
  const log = createExposureLog(ledger, promptness)
  const facts = (attempt: Attempt): Facts => factsOf(attempt, phaseOf(phases, attempt), world)
  return {
    judge(attempt, observation) {
      if (asksMatter) askings.note(attempt, observation)
      log.record(attempt, observation)
      const known = facts(attempt)
      return compare(known, expectationOf(known), observation)
    },
    standsUntil: (attempt) => (isCalm ? nextChange(facts(attempt)) : attempt.at),
    exposures: () => log.windows(),
  }
}

function phaseOf(phases: ReadonlyMap<string, Phase>, { phase: name, id }: Attempt): Phase {
  const phase = phases.get(name)
  if (phase === undefined)
    throw new RangeError(`attempt ${id}: the scenario has no phase "${name}"`)
  return phase
}

interface World extends Required<OracleOptions> {
  readonly promptness: Promptness
  readonly clockAt: (at: Instant) => Instant
}

/**
 * Requests come to several edges in turn, and nobody tells which of them took one: some of them are no
 * decisions, and a session stays with its own edge. Twice round, each has had its turn.
 */
const eachReachedBy = 2

function isEverSet({ everAhead }: EdgeClock): boolean {
  return everAhead.length > 1
}

function promptnessOf(
  scenario: Scenario,
  toleranceMs: number,
  askings: Askings,
  clock: EdgeClock,
): Promptness {
  const boundMs = scenario.edge.maxStalenessMs + toleranceMs
  const isAlone = scenario.edge.count === 1
  const facts = { boundMs, ...clock, startedAt: startsOf(scenario), isAlone, askings }
  const reckoned = (at: Instant): Instant => (isEverSet(clock) ? reckonedAt(at, facts) : at)
  return {
    boundMs,
    partitions: partitionsOf(scenario),
    wasAsked: (after, before) =>
      askings.surely(after, before).filter((at) => at < before && reckoned(at) > after).length >=
      (isAlone ? 1 : eachReachedBy * scenario.edge.count),
    reckoned,
  }
}

function factsOf(
  attempt: Attempt,
  phase: Phase,
  { ledger, scenario, toleranceMs, promptness, clockAt }: World,
): Facts {
  const serial = attempt.serial ?? ''
  const certificate = ledger.certificate(serial)
  return {
    attempt,
    phase,
    profile: scenario.front.profile,
    certificate,
    cookieOwner: ledger.certificate(attempt.cookieSerial ?? ''),
    renewed: ledger.certificate(attempt.renews ?? ''),
    startedAt: scenario.time.start,
    revocation: ledger.revocation(serial),
    lists: certificate === undefined ? [] : ledger.lists(certificate.issuer, attempt.at),
    authorities: certificate === undefined ? [] : ledger.authorities(certificate.issuer),
    anchors: ledger.anchors(),
    crlPolicy: scenario.edge.crl,
    clock: clockAt(attempt.at),
    promptness,
    toleranceMs,
  }
}

/** What has to happen: the codes that a refusal may give, empty for `accept`. */
interface Expectation {
  readonly answer: 'accept' | 'refuse' | 'either'
  readonly codes: readonly string[]
  readonly because: string
}

function expectationOf(facts: Facts): Expectation {
  const [stranger] = strangers.flatMap((truth) => truth(facts) ?? [])
  const found = stranger ? [stranger] : objections.flatMap((truth) => truth(facts) ?? [])
  const [weightiest] = [...found.filter(isMust), ...found]
  if (weightiest === undefined) {
    return { answer: 'accept', codes: [], because: 'its certificate is good' }
  }
  const codes = found.flatMap((objection) => objection.codes)
  const answer = isMust(weightiest) ? 'refuse' : 'either'
  return { answer, codes: withClosing(facts, codes), because: weightiest.because }
}

function isMust({ weight }: Objection): boolean {
  return weight === 'must'
}

/** A terminator that decides by itself says nothing. */
function withClosing(facts: Facts, codes: readonly string[]): readonly string[] {
  return terminatorDecides(facts) ? [...codes, 'connection_closed'] : codes
}

function compare(facts: Facts, expected: Expectation, observation: Observation): Verdict {
  switch (observation.outcome) {
    case 'broken':
      return { verdict: 'broken', because: observation.detail }
    case 'refused':
      return judgeRefusal(expected, observation.code)
    case 'accepted':
      return judgeAcceptance(facts, expected, observation.identitySerial)
  }
}

function judgeRefusal({ answer, codes, because }: Expectation, code: string): Verdict {
  if (codes.includes(code)) return { verdict: answer === 'either' ? 'either' : 'right', because }
  const wanted = answer === 'accept' ? 'to be let in' : codes.join(' or ')
  return {
    verdict: 'unexplained_refusal',
    because: `${because}: expected ${wanted}, found ${code}`,
  }
}

function judgeAcceptance(
  { attempt }: Facts,
  { answer, because }: Expectation,
  identitySerial: string | undefined,
): Verdict {
  if (answer === 'refuse') return { verdict: 'wrong_accept', because }
  // A message on a connection that stands carries no answer of its own that could name somebody.
  const unnamed = identitySerial === undefined && attempt.protocol === 'mqtt'
  if (!unnamed && identitySerial !== attempt.serial) {
    const found = identitySerial ?? 'nobody'
    return { verdict: 'wrong_accept', because: `${attempt.serial} was let in as ${found}` }
  }
  return { verdict: answer === 'either' ? 'either' : 'right', because }
}
