import { ageAt, type Clock, type Instant } from '#shared/time.ts'
import { albNames } from '#shared/wire/alb.ts'
import type { ListenerSettings, RenamedHeaders } from './control/listeners.ts'
import type { Listener } from './listener.ts'
import type { HeldTrustStore } from './trust-stores/held-trust-store.ts'
import type { ListenerVariables, VariableName } from './variables.ts'

export interface FollowedListenerOptions {
  /** Asks the control plane; undefined where there is no such listener. */
  readonly ask: () => Promise<ListenerSettings | undefined>
  readonly maxStalenessMs: number
  /** How long after its last answer the last settings still count. */
  readonly failStaticMs: number
  readonly clock: Clock
  /** Keeps the runtime alive for work that no answer waits for. */
  readonly background: (work: Promise<unknown>) => void
  readonly report: (because: string) => void
}

/** One isolate's copy of a listener's settings. */
export interface FollowedListener {
  /** No older than the bound; undefined where there are none that count, and nobody is let in. */
  current(): Promise<ListenerSettings | undefined>
}

/**
 * Follows a listener of the control plane as `createFollowedTrustStore` follows its trust store: asked
 * for again from half the bound on, in the way of a request only where that did not come in time; the
 * last answer counts on for `failStaticMs` while the control plane is away.
 */
export function createFollowedListener(options: FollowedListenerOptions): FollowedListener {
  const { ask, clock, maxStalenessMs, failStaticMs, background, report } = options
  let held:
    | { readonly settings: ListenerSettings | undefined; readonly askedAt: Instant }
    | undefined
  let refreshingSince = Number.NEGATIVE_INFINITY
  const refresh = async (): Promise<void> => {
    const askedAt = clock.now()
    try {
      const settings = await ask()
      if (settings === undefined) report('it does not exist (any more)')
      // Requests may ask side by side: the later question's answer stays, but not one from before
      // the clock was set back, which is dated in the future.
      const heldAt = held?.askedAt ?? askedAt
      if (askedAt >= heldAt || heldAt > clock.now()) held = { settings, askedAt }
    } catch (error) {
      report(String(error))
    }
  }
  return {
    async current() {
      const now = clock.now()
      const age = held === undefined ? Number.POSITIVE_INFINITY : ageAt(now, held.askedAt)
      if (age >= maxStalenessMs) await refresh()
      else if (age >= maxStalenessMs / 2 && ageAt(now, refreshingSince) >= maxStalenessMs) {
        refreshingSince = now
        background(refresh())
      }
      if (held === undefined || Math.abs(now - held.askedAt) >= failStaticMs) return undefined
      return held.settings
    },
  }
}

/** Whether an app that was made under one is as it has to be under the other. */
export const isSameVersion = (a: ListenerSettings, b: ListenerSettings): boolean =>
  a.id === b.id && a.version === b.version

/** What a listener of the control plane says in place of these variables. */
const saidByListener = [
  'MODE',
  'EXPIRED',
  'PEER_AUTHENTICATION',
] as const satisfies readonly VariableName[]

/** A variable that the listener says otherwise, or again, would be one that nobody obeys. */
export function overruledVariables(
  variables: ListenerVariables & { readonly TRUST_STORE?: string },
): readonly string[] {
  const store = variables.TRUST_STORE === undefined ? [] : ['TRUST_STORE']
  return [...saidByListener.filter((name) => variables[name] !== undefined), ...store]
}

/** The variables of a listener with what the control plane says of it. */
export function variablesUnder(
  variables: ListenerVariables,
  { mode, ignoreExpiry }: ListenerSettings,
): ListenerVariables {
  return { ...variables, MODE: mode, EXPIRED: ignoreExpiry ? 'allow' : 'refuse' }
}

/** A listener that hands its headers over under the names of its attributes; a client's copies are forgeries. */
export function withRenamedHeaders(listener: Listener, renamed: RenamedHeaders): Listener {
  const names = Object.entries(albNames()).map(
    ([header, name]: readonly [string, string]) =>
      [name, new Map(Object.entries(renamed)).get(header) ?? name] as const,
  )
  const changed = new Map(names.filter(([name, now]) => name !== now))
  if (changed.size === 0) return listener
  const written = [...changed.values()].map((name) => name.toLowerCase())
  return { ...listener, platform: { ...listener.platform, written }, renamed: changed }
}

/**
 * A trust store for as long as the listener decides as it did: a session that was opened under other
 * words is not gone on with, and its device comes back under the new ones.
 */
export function heldWhile(
  store: HeldTrustStore,
  made: ListenerSettings,
  followed: FollowedListener,
): HeldTrustStore {
  return {
    ...store,
    async current() {
      const now = await followed.current()
      return now !== undefined && decidesAlike(now, made) ? store.current() : undefined
    },
  }
}

const decidesAlike = (a: ListenerSettings, b: ListenerSettings): boolean =>
  a.id === b.id &&
  a.mode === b.mode &&
  a.trustStore === b.trustStore &&
  a.ignoreExpiry === b.ignoreExpiry
