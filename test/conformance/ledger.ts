import type { Divergence } from './divergences.ts'
import type { Verdict } from './paths.ts'

/** A verdict of ours beside a suite's, on a path or on an encoding; `expect` is undefined where none is agreed on. */
export interface Compared {
  readonly id: string
  readonly expect: Verdict | undefined
  readonly ours: Verdict
  /** Of an acceptance that the strict tier refuses: what the profile `conforming` says. */
  readonly underConforming?: Verdict | undefined
}

/** What fails a run: verdicts that nobody explained, and explanations that explain nothing. */
export interface Ledger<Case> {
  readonly unexplained: readonly Case[]
  readonly stale: readonly string[]
}

/** How a case is called that was asked once more, as a client's. */
export const asClient = ' as client'

/**
 * Holds verdicts against the divergences. The entry of a case explains it as a client's as well; it
 * is stale once neither differs any more.
 */
export function checkLedger<Case extends Compared>(
  compared: readonly Case[],
  divergences: Readonly<Record<string, Divergence>>,
): Ledger<Case> {
  const differing = compared.filter(({ ours, expect }) => expect !== undefined && ours !== expect)
  const unexplained = differing.filter((each) => !explains(divergences[entryOf(each.id)], each))
  const needed = new Set(differing.map(({ id }) => entryOf(id)))
  return { unexplained, stale: Object.keys(divergences).filter((id) => !needed.has(id)) }
}

function explains(entry: Divergence | undefined, { ours, underConforming }: Compared): boolean {
  if (entry?.ours !== ours) return false
  return underConforming === undefined || underConforming === (entry.underConforming ?? 'reject')
}

function entryOf(id: string): string {
  return id.endsWith(asClient) ? id.slice(0, -asClient.length) : id
}
