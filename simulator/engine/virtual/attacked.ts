import type { Instant } from '#shared/time.ts'
import type { PlacedPhase } from '../../scenario/phases.ts'
import { attack, type Party } from '../attacks.ts'
import type { Fate, LifeStage } from './life-stage.ts'
import type { Recorder } from './recorder.ts'

/** Where and when an attack happens, and who writes it down. */
export interface AttackScene {
  readonly stage: LifeStage
  readonly recorder: Recorder
  readonly phase: PlacedPhase
  readonly at: Instant
}

/** One attack on the device of a life, by whoever attacks as they are at that instant. */
export async function beAttacked(
  victim: Party,
  { plan, ordinal }: Fate['attacks'][number],
  { stage, recorder, phase, at }: AttackScene,
): Promise<void> {
  const actor = await stage.ghost(plan.actor, at)
  if (actor?.held !== undefined) recorder.lent(actor.held)
  const around = {
    authority: stage.authority,
    door: stage.appAt(phase, at),
    // Nobody is turned away: a CA with a limit makes devices depend on each other.
    takeCapacity: () => true,
    cookies: () => phase.phase.cookies,
    now: () => at,
  }
  const deeds = await attack({ plan, victim, actor, around, ordinal })
  for (const certificate of deeds.issued) recorder.lent(certificate)
  for (const _ of deeds.attempts) recorder.handshake(at)
  for (const { attempt, observation } of deeds.attempts) {
    recorder.attempt(attempt, phase.phase.name, observation)
  }
}
