import { createHash } from 'node:crypto'

/**
 * One hash of a run's event log, whoever lived which part of it: of the lines of each actor in their
 * order, sorted by those hashes. Hexadecimal SHA-256.
 *
 * @param digests as `digestsOf` makes them, of every shard
 */
export function logHash(digests: readonly string[]): string {
  const sorted = digests.toSorted((a, b) => (a < b ? -1 : 1))
  return createHash('sha256').update(sorted.join('\n')).digest('hex')
}
