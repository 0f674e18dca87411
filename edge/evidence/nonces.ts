import type { Instant } from '#shared/time.ts'

/**
 * Remembers which evidence was used. Evidence bound to a body's digest can only be replayed as the
 * same request; where that matters, or where there is no digest, a target brings a store.
 */
export interface NonceStore {
  /**
   * Takes a nonce for its first user.
   *
   * @param until the last instant at which the nonce could be seen again
   * @returns `full` where it cannot be remembered: it counts as a refusal
   */
  claim(nonce: string, until: Instant, now: Instant): Promise<'first' | 'seen' | 'full'>
}

/**
 * A store of one process: right for a target of one instance.
 *
 * @param max nonces held at once, about 100 octets each; a target that sees 1,000 requests a second
 *   needs 65,000 for evidence of a minute
 */
export function createNonceMemory(max: number): NonceStore {
  const held = new Map<string, Instant>()
  return {
    async claim(nonce, until, now) {
      forget(held, now)
      if (held.has(nonce)) return 'seen'
      if (held.size >= max) return 'full'
      held.set(nonce, until)
      return 'first'
    },
  }
}

/** From the oldest on: one that ended behind one that has not stays a minute longer, no more. */
function forget(held: Map<string, Instant>, now: Instant): void {
  for (const [nonce, until] of held) {
    if (until >= now) return
    held.delete(nonce)
  }
}
