import type { Collected, Totals } from './collect.ts'

/** What a line of progress tells, of counts that were made elsewhere: on other threads, or by a run that is over. */
export function totalsOf(
  { phases, decisions, wrongAccepts, unexplainedRefusals, broken }: Counts,
  online: number | undefined,
): Totals {
  const refused: Record<string, number> = {}
  for (const phase of phases) {
    for (const [code, count] of Object.entries(phase.refused)) {
      refused[code] = (refused[code] ?? 0) + count
    }
  }
  const accepted = phases.reduce((sum, phase) => sum + phase.accepted, 0)
  const wrong = wrongAccepts + unexplainedRefusals + broken
  return { attempts: decisions + broken, accepted, refused, wrong, online }
}

type Counts = Pick<
  Collected,
  'phases' | 'decisions' | 'wrongAccepts' | 'unexplainedRefusals' | 'broken'
>
