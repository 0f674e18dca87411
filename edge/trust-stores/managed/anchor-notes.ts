import { ageAt, type Clock, type Instant } from '#shared/time.ts'
import type { TrustAnchor } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { anchorId, toldAnchorsMax } from './anchor-use.ts'

/** Which anchors one isolate lets devices in by, to be told to the control plane. */
export interface AnchorNotes {
  /** A path that ends at this anchor was accepted: called at each request. */
  used(anchor: TrustAnchor): void
  /**
   * Calls `ask` with the ids of those that were not told in a day, few as they are; what it does not
   * take, because it throws or there are too many, is told the next time.
   */
  tell<Answer>(ask: (ids: readonly string[]) => Promise<Answer>): Promise<Answer>
}

/** Findings are about weeks: once a day says enough, and nothing of any device. */
const tellEveryMs = 86_400_000

/** Nothing noted yet, for one isolate. Anchors that left the store are forgotten with it. */
export function createAnchorNotes(clock: Clock): AnchorNotes {
  const toldAt = new WeakMap<Certificate, Instant>()
  const pending = new Set<Certificate>()
  return {
    used({ certificate }) {
      const told = toldAt.get(certificate)
      if (told !== undefined && ageAt(clock.now(), told) < tellEveryMs) return
      pending.add(certificate)
    },
    async tell(ask) {
      // Most questions tell nothing, and wait for nothing more.
      if (pending.size === 0) return ask([])
      const asked = [...pending].slice(0, toldAnchorsMax)
      const answer = await ask(await Promise.all(asked.map(anchorId)))
      const now = clock.now()
      for (const certificate of asked) {
        toldAt.set(certificate, now)
        pending.delete(certificate)
      }
      return answer
    },
  }
}
