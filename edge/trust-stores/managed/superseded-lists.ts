import { equalBytes } from '#shared/bytes.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import { isOneKey } from '#shared/revocation/delta.ts'
import { scopeKey } from '#shared/revocation/scope.ts'
import type { Clock, Instant } from '#shared/time.ts'

/** The lists of a snapshot, and when the control plane last said that they are in force. */
export interface ListsInForce {
  readonly lists: readonly RevocationList[]
  readonly askedAt: Instant
}

/** What was in force before, for where a shard of what is in force now is not to be had. */
export interface SupersededLists {
  /** Takes note that one snapshot takes the place of another. */
  replace(before: ListsInForce, next: readonly RevocationList[]): void
  /** What was in force in a list's place before, if that may still answer; none otherwise. */
  before(list: RevocationList): readonly RevocationList[]
  /** Whether a list is the only one that was ever there of its kind. */
  isAlone(list: RevocationList): boolean
}

export interface SupersededOptions {
  readonly clock: Clock
  /** For how long after they were last said to be in force lists still answer. */
  readonly failStaticMs: number
  /** Told by when lists were in force that a decision goes by. */
  readonly asked: (inForceAt: Instant) => void
}

/**
 * Of lists that were replaced. As many as a store of two million entries has large lists, each replaced
 * twice within fail-static; of most a manifest of some kilobytes is all that is kept, for their shards
 * lie in one bounded memory.
 */
const keptMax = 128

/**
 * Remembers what large lists took the place of, for fail-static and no longer: as a whole snapshot does
 * while the control plane is away, they decide on where a shard of the new one is away.
 */
export function createSupersededLists(options: SupersededOptions): SupersededLists {
  const { clock, failStaticMs } = options
  const kept = new Map<RevocationList, ListsInForce>()
  const replaced = new WeakSet<RevocationList>()
  // A clock that was set back says as little as one that is too late.
  const mayAnswer = ({ askedAt }: ListsInForce): boolean =>
    Math.abs(clock.now() - askedAt) < failStaticMs
  const forget = (): void => {
    for (const [list, each] of kept) {
      if (!mayAnswer(each) || kept.size > keptMax) kept.delete(list)
    }
  }
  const inherit = (list: RevocationList, same: RevocationList): void => {
    const found = kept.get(same)
    if (found !== undefined) kept.set(list, found)
    if (replaced.has(same)) replaced.add(list)
  }
  return {
    replace({ lists, askedAt }, next) {
      const isBoth = new Set(lists)
      for (const list of next) {
        // A list that is in memory whole never needs another.
        if (!('manifest' in list) || isBoth.has(list)) continue
        const same = lists.find((each) => isSameList(each, list))
        if (same !== undefined) {
          inherit(list, same)
          continue
        }
        const family = lists.filter((each) => isOfFamily(each, list))
        if (family.length === 0) continue
        for (const each of family) replaced.add(each)
        kept.set(list, { lists: family, askedAt })
      }
      forget()
    },
    before(list) {
      const found = kept.get(list)
      if (found === undefined || !mayAnswer(found)) return []
      options.asked(found.askedAt)
      return found.lists
    },
    isAlone: (list) => !kept.has(list) && !replaced.has(list),
  }
}

/** One list that was opened twice, as two requests do that load a snapshot side by side. */
function isSameList(a: RevocationList, b: RevocationList): boolean {
  return (
    'manifest' in a && 'manifest' in b && equalBytes(a.manifest.crlSha256, b.manifest.crlSha256)
  )
}

/** Complete lists and deltas of one issuer, scope and key: what of them was in force was so together. */
function isOfFamily(a: RevocationList, b: RevocationList): boolean {
  return scopeKey(a) === scopeKey(b) && isOneKey(a, b)
}
