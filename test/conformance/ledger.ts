import type { Divergence } from './divergences.ts'
import type { Judged } from './paths.ts'

/** What fails a run: core verdicts that nobody explained, and explanations that explain nothing. */
export interface Ledger {
  readonly unexplained: readonly Judged[]
  readonly stale: readonly string[]
}

/** Holds core verdicts against the divergences. An id's entry is for its own purpose; ` as client` has its own. */
export function checkLedger(
  judged: readonly Judged[],
  divergences: Readonly<Record<string, Divergence>>,
): Ledger {
  const core = judged.filter(({ tier }) => tier === 'core')
  const asWanted = new Map(core.map(({ id, ours, expect }) => [id, ours === expect]))
  const unexplained = core.filter(
    ({ id, ours, expect }) => ours !== expect && divergences[id]?.ours !== ours,
  )
  const stale = Object.keys(divergences).filter((id) => asWanted.get(id) !== false)
  return { unexplained, stale }
}
