/** Lines of the connection log that travel and are stored together. */
export interface LogBatch {
  /** Names these lines for good: whoever takes the same batch twice keeps it once. */
  readonly id: string
  /** Printable ASCII without line ends, as both forms of the log are. */
  readonly lines: readonly string[]
}

/** `full`: the store holds what it may hold, and the batch has to come again. */
export type BatchAnswer = 'taken' | 'full'

/**
 * How long a batch may be offered again, in milliseconds, and so how long at least its name is
 * remembered: an answer that was lost on its way must not make its lines appear twice.
 */
export const offeredForMs = 30 * 60_000

/** Characters of a batch's lines: it is one row of a Durable Object's database, which may have 2 MB. */
export const batchOctetsMax = 256 * 1024
