import type { Bytes } from '#shared/bytes.ts'
import type { Soon } from '#shared/soon.ts'
import type { RevocationList } from './crl-signature.ts'
import type { RevocationStatus } from './status.ts'

/**
 * How often one may go back: of lists that follow each other faster than their shards come. Three, as
 * an issuer that publishes every few minutes replaces a list within the ten that one may answer for.
 */
const stepsMax = 3

/**
 * What counts where a shard of a list in force is not to be had: whatever the lists say that were in
 * force in its place before, under the same policy.
 *
 * A trust store is taken over when all of it but shards is at hand, so that what is small in it, single
 * serials and short lists, counts at once; shards are loaded when they are asked. Where one cannot be,
 * its list's silence would let in whom it revokes, and refusing would lock out devices that nobody has
 * revoked, for an outage that begins just when a large list was published. So it is as if the list had
 * not come yet: whoever holds the lists says for how long (`HeldBefore.before`). All other lists, and
 * all words, are the newest. Nobody is cleared by the absence of a list: where none was held before, or
 * it has no answer either, the status stays what it was.
 *
 * @param found by these lists; anything but a part that is not at hand is given back as it is
 * @param ask the same question of other lists
 */
export async function orByListsBefore(
  found: RevocationStatus,
  crls: readonly RevocationList[],
  serial: Bytes,
  ask: (crls: readonly RevocationList[]) => Soon<RevocationStatus>,
): Promise<RevocationStatus> {
  let asked: readonly RevocationList[] | undefined = crls
  let answer = found
  for (let steps = 0; steps < stepsMax && isNotAtHand(answer); steps += 1) {
    asked = listsBefore(asked, serial)
    if (asked === undefined) return found
    answer = await ask(asked)
  }
  return answer.status === 'unknown' ? found : answer
}

const isNotAtHand = (found: RevocationStatus): boolean =>
  found.status === 'unknown' && found.gap === 'not_at_hand'

/** Each list whose shard is missing replaced by those before it; undefined where one has none. */
function listsBefore(
  crls: readonly RevocationList[],
  serial: Bytes,
): readonly RevocationList[] | undefined {
  const all = new Set<RevocationList>()
  for (const crl of crls) {
    const isMissing = 'manifest' in crl && crl.held?.isAtHand(serial) !== true
    const standing = isMissing ? (crl.held?.before() ?? []) : [crl]
    if (standing.length === 0) return undefined
    for (const each of standing) all.add(each)
  }
  return [...all]
}
