import type { Attempt, JudgedAttempt, Observation, Verdict } from '../oracle/attempt.ts'
import { formatCode, formatInstant } from './format.ts'

/** One wrong decision as a person would tell it: who came, what was seen, what was true. */
export interface Story {
  readonly title: string
  readonly told: string
}

const titles: Record<Verdict['verdict'], string> = {
  right: 'Right',
  either: 'Within a bound',
  wrong_accept: 'Wrong accept',
  unexplained_refusal: 'Unexplained refusal',
  broken: 'No decision',
}

/** Tells one judged attempt in a title and a few plain sentences, without mark-up. */
export function tellStory({ attempt, observation, verdict }: JudgedAttempt): Story {
  const title = `${titles[verdict.verdict]}: ${attempt.actor}, attempt ${attempt.id}`
  const told = `${came(attempt)} ${seen(observation)} The ledger says: ${verdict.because}`
  return { title, told: told.endsWith('.') ? told : `${told}.` }
}

function came(attempt: Attempt): string {
  const when = `${formatInstant(attempt.at)} UTC, phase ${attempt.phase}`
  const connection = `a ${attempt.connection} connection`
  const how = `over ${attempt.protocol.toUpperCase()} on ${connection}`
  return `${when}: ${attempt.actor} (${formatCode(attempt.intent)}) came ${how} ${held(attempt)}.`
}

function held({ serial, cookieSerial }: Attempt): string {
  const certificate =
    serial === undefined ? 'without a certificate' : `with the certificate of serial ${serial}`
  if (cookieSerial === undefined) return certificate
  const cookie = cookieSerial === serial ? 'its own' : `serial ${cookieSerial}'s`
  return `${certificate} and ${cookie} session cookie`
}

function seen(observation: Observation): string {
  switch (observation.outcome) {
    case 'accepted':
      return `It was let in as serial ${observation.identitySerial ?? 'unknown'}${
        observation.session === 'used' ? ', by its session cookie' : ''
      }.`
    case 'refused':
      return `It was refused: ${observation.code}.`
    case 'broken':
      return `It got no decision: ${observation.detail}.`
  }
}
