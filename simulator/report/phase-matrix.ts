import { isMeasured } from './is-measured.ts'
import type { PhaseResult, RunResult } from './run-result.ts'

/** One measure over all phases. `total` is undefined where a sum would mean nothing. */
export interface MatrixRow {
  readonly label: string
  /** `code` rows are parts of the row of refusals. */
  readonly kind: 'count' | 'code' | 'latency'
  readonly cells: readonly (number | undefined)[]
  readonly total: number | undefined
}

/** What is told of each phase, as one table: measures down, phases across. */
export interface PhaseMatrix {
  readonly phases: readonly { readonly name: string; readonly mode: string }[]
  readonly rows: readonly MatrixRow[]
}

/** Of a phase, what is told: an instant is not. */
type MatrixPhase = Omit<PhaseResult, 'startedAt' | 'endedAt' | 'intents'>

/** The table of phases, for the terminal and the page alike. Latencies in milliseconds. */
export function phaseMatrix({
  phases,
  latency,
}: {
  readonly phases: readonly MatrixPhase[]
  readonly latency: RunResult['latency']
}): PhaseMatrix {
  const counted = (label: string, of: (phase: MatrixPhase) => number): MatrixRow => {
    const cells = phases.map(of)
    return { label, kind: 'count', cells, total: sum(cells) }
  }
  const measured = (label: string, of: 'p50' | 'p99'): MatrixRow => ({
    label,
    kind: 'latency',
    cells: phases.map((phase) => (isMeasured(phase.latency) ? phase.latency[of] : undefined)),
    total: latency[of],
  })
  const coded = (code: string): MatrixRow => ({
    ...counted(code, (phase) => phase.refused[code] ?? 0),
    kind: 'code',
  })
  return {
    phases: phases.map(({ name, mode }) => ({ name, mode })),
    rows: [
      counted('TLS handshakes', (phase) => phase.handshakes),
      counted('decisions', (phase) => phase.decisions),
      counted('accepted', (phase) => phase.accepted),
      counted('refused', (phase) => sum(Object.values(phase.refused))),
      ...refusalCodes(phases).map(coded),
      counted('cookies issued', (phase) => phase.cookiesIssued),
      counted('cookie hits', (phase) => phase.cookieHits),
      counted('within a bound', (phase) => phase.either),
      ...(isMeasured(latency)
        ? [measured('latency p50, ms', 'p50'), measured('latency p99, ms', 'p99')]
        : []),
    ],
  }
}

/** Every refusal code that occurs, the most frequent first; equal ones by name. */
export function refusalCodes(
  parts: readonly { readonly refused: Readonly<Record<string, number>> }[],
): readonly string[] {
  const totals = new Map<string, number>()
  for (const { refused } of parts) {
    for (const [code, count] of Object.entries(refused)) {
      totals.set(code, (totals.get(code) ?? 0) + count)
    }
  }
  return [...totals]
    .toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([code]) => code)
}

/** The sum of all refusals of a run. */
export function refusedTotal({ phases }: Pick<RunResult, 'phases'>): number {
  return sum(phases.flatMap((phase) => Object.values(phase.refused)))
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
