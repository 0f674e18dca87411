/** A verdict of ours that differs from a suite's, and why it is right. */
export interface Divergence {
  readonly ours: 'accept' | 'reject'
  readonly why: string
}

/**
 * Core cases decided otherwise on purpose, by id. An entry whose case comes out as the suite has it
 * is stale, and fails the run.
 */
export const divergences: Readonly<Record<string, Divergence>> = {}
