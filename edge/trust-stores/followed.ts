import { mayCarryToken } from '../control/tokens.ts'
import { runtimeClock, type OpenTrustStore } from '../ports.ts'
import {
  createFollowedTrustStore,
  failStaticMs,
  type FollowedTrustStoreOptions,
} from './managed/followed-trust-store.ts'
import { httpFeed } from './managed/http-feed.ts'

export interface FollowOptions {
  /** Of the control plane: everything up to `/api/v1`. */
  readonly url: string
  /** The trust store's name there. */
  readonly name: string
  /** Of the scope `read`: never shown. */
  readonly token: string
  /** Takes a sentence: what could not be taken over, and why. Standard error unless given. */
  readonly report?: (sentence: string) => void
  /** Keeps the runtime alive for work that no answer waits for: `waitUntil` of a Worker. */
  readonly background?: (work: Promise<unknown>) => void
  /** Digests of large lists: WebCrypto's unless the runtime has something cheaper. */
  readonly sha256?: FollowedTrustStoreOptions['sha256']
}

/**
 * A trust store that follows one of a control plane over HTTP, in any runtime with `fetch`: a device
 * that is revoked there is refused here within `maxStalenessMs`, which has to be a second at least.
 * Throws an Error where the address may not be told a token, or the bound is shorter.
 */
export function followedTrustStore(options: FollowOptions): OpenTrustStore {
  const { name, url, token, report = toStandardError, sha256 } = options
  checkUrl(url, 'url')
  const tell = onceAMinute(report)
  return ({ limits, maxStalenessMs }) => {
    checkStaleness(maxStalenessMs, 'maxStalenessMs')
    return createFollowedTrustStore({
      ...httpFeed({ name, url, token }),
      limits,
      maxStalenessMs,
      failStaticMs,
      clock: runtimeClock,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      // What goes wrong in it is reported where it happens; nothing is left to be awaited.
      background: options.background ?? ((work) => void work),
      ...(sha256 && { sha256 }),
      report: ({ because }) => tell(`the trust store ${name} was not taken: ${because}`),
    })
  }
}

const toStandardError = (sentence: string): void => console.error(sentence)

/** @param what who reads the Error knows the address by: a variable's name, say */
export function checkUrl(url: string, what: string): void {
  if (mayCarryToken(url)) return
  throw new Error(`${what}: expected an https URL (http on a loopback address alone)`)
}

/** @param what as `checkUrl` has it */
export function checkStaleness(maxStalenessMs: number, what: string): void {
  if (maxStalenessMs >= stalenessMinMs) return
  throw new Error(`${what}: expected 1s at least where a control plane is followed`)
}

/** An answer from the other side of the world, and a document loaded after it, come within that. */
export const stalenessMinMs = 1000

/** Every request of an outage would say the same. */
export function onceAMinute(report: (sentence: string) => void): (sentence: string) => void {
  let told = ''
  let toldAt = Number.NEGATIVE_INFINITY
  return (sentence) => {
    const now = runtimeClock.now()
    if (sentence === told && now - toldAt < 60_000) return
    told = sentence
    toldAt = now
    report(sentence)
  }
}
