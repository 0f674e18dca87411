import { setTimeout as wait } from 'node:timers/promises'
import { mayCarryToken } from './control/tokens.ts'
import { runtimeClock, type OpenTrustStore } from './ports.ts'
import {
  createFollowedTrustStore,
  failStaticMs,
} from './trust-stores/managed/followed-trust-store.ts'
import { httpFeed } from './trust-stores/managed/http-feed.ts'

/** Which trust store of which control plane a gateway follows: its variables, all three or none. */
export interface FollowVariables {
  /** The store's name. */
  readonly TRUST_STORE?: string | undefined
  readonly TRUST_STORE_URL?: string | undefined
  /** Of the scope `read`: never shown. */
  readonly TRUST_STORE_TOKEN?: string | undefined
}

/**
 * Follows the trust store that the variables name; undefined where they name none. Throws an Error
 * that names the variable at fault; the token is not repeated.
 *
 * @param report takes a sentence: what could not be taken over, and why
 */
export function followedOf(
  variables: FollowVariables,
  report: (sentence: string) => void,
): OpenTrustStore | undefined {
  const { TRUST_STORE: name, TRUST_STORE_URL: url, TRUST_STORE_TOKEN: token } = variables
  if (name === undefined && url === undefined && token === undefined) return undefined
  if (name === undefined || url === undefined || token === undefined) {
    throw new Error('TRUST_STORE, TRUST_STORE_URL and TRUST_STORE_TOKEN go together')
  }
  if (!mayCarryToken(url)) {
    throw new Error('TRUST_STORE_URL: expected an https URL (http on a loopback address alone)')
  }
  const feed = httpFeed({ name, url, token })
  const tell = onceAMinute(report)
  return ({ limits, maxStalenessMs }) => {
    if (maxStalenessMs < stalenessMinMs) {
      throw new Error('MAX_STALENESS: expected 1s at least where a control plane is followed')
    }
    return createFollowedTrustStore({
      ...feed,
      limits,
      maxStalenessMs,
      failStaticMs,
      clock: runtimeClock,
      wait: (ms) => wait(ms),
      // What goes wrong in it is reported where it happens; nothing is left to be awaited.
      background: (work) => void work,
      report: ({ because }) => tell(`the trust store ${name} was not taken: ${because}`),
    })
  }
}

/** An answer from the other side of the world, and a document loaded after it, come within that. */
const stalenessMinMs = 1000

/** Every request of an outage would say the same. */
function onceAMinute(report: (sentence: string) => void): (sentence: string) => void {
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
