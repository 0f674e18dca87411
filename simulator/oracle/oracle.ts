import type { Ledger } from '../ca/ledger.ts'
import type { ExposureWindow } from '../report/run-result.ts'
import type { Phase, Scenario } from '../scenario/scenario.ts'
import type { Attempt, Observation, Verdict } from './attempt.ts'
import { createExposureLog } from './exposure.ts'
import { mayCloseSilently, objections, strangers, type Facts, type Objection } from './truths.ts'

/** The judge of every decision. It shares no code with the core that makes them. */
export interface Oracle {
  /** Whether what the actor saw is what had to happen. Judge attempts in the order of their time. */
  judge(attempt: Attempt, observation: Observation): Verdict
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
  const log = createExposureLog(ledger)
  return {
    judge(attempt, observation) {
      log.record(attempt, observation)
      const facts = factsOf(attempt, phaseOf(phases, attempt), { ledger, scenario, toleranceMs })
      return compare(facts, expectationOf(facts), observation)
    },
    exposures: () => log.windows(),
  }
}

function phaseOf(phases: ReadonlyMap<string, Phase>, { phase: name, id }: Attempt): Phase {
  const phase = phases.get(name)
  if (phase === undefined)
    throw new RangeError(`attempt ${id}: the scenario has no phase "${name}"`)
  return phase
}

function factsOf(
  attempt: Attempt,
  phase: Phase,
  { ledger, scenario, toleranceMs }: Required<OracleOptions>,
): Facts {
  const serial = attempt.serial ?? ''
  const certificate = ledger.certificate(serial)
  return {
    attempt,
    phase,
    profile: scenario.front.profile,
    certificate,
    revocation: ledger.revocation(serial),
    lists: certificate === undefined ? [] : ledger.lists(certificate.issuer),
    authorities: certificate === undefined ? [] : ledger.authorities(certificate.issuer),
    anchors: ledger.anchors(),
    crlPolicy: scenario.edge.crl,
    maxStalenessMs: scenario.edge.maxStalenessMs,
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

/** A terminator that decides by itself says nothing; of cookies it knows nothing either. */
function withClosing(facts: Facts, codes: readonly string[]): readonly string[] {
  const byCertificate = codes.some((code) => code !== 'session_of_other_certificate')
  return mayCloseSilently(facts) && byCertificate ? [...codes, 'connection_closed'] : codes
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
