import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration } from '#shared/duration.ts'
import { mayCarryToken } from '../control/tokens.ts'
import { createFollowedListener, type FollowedListener } from '../followed-listener.ts'
import { runtimeClock, type OpenTrustStore } from '../ports.ts'
import {
  createFollowedTrustStore,
  failStaticMs,
} from '../trust-stores/managed/followed-trust-store.ts'
import { askListener, httpFeed } from '../trust-stores/managed/http-feed.ts'

/** Which trust store, or which listener, of which control plane a gateway follows. */
export interface FollowVariables {
  /** The store's name. */
  readonly TRUST_STORE?: string | undefined
  /** ARN or name (`fleet:443`) of the listener that names the store, in its place. */
  readonly LISTENER?: string | undefined
  readonly MAX_STALENESS?: string | undefined
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
  checkUrl(url)
  const feed = httpFeed({ name, url, token })
  const tell = onceAMinute(report)
  return ({ limits, maxStalenessMs }) => {
    checkStaleness(maxStalenessMs)
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

/** A listener of a control plane, and the trust stores that it names. */
export interface NodeFollowedListener {
  readonly name: string
  readonly listener: FollowedListener
  /** Follows the store of this name at the same control plane. */
  readonly openTrustStore: (
    store: string,
    ...listener: Parameters<OpenTrustStore>
  ) => ReturnType<OpenTrustStore>
  /** Takes a sentence: what could not be taken over, and why. */
  readonly report: (sentence: string) => void
}

/**
 * Follows the listener that the variables name; undefined where they name none. Throws an Error that
 * names the variable at fault; the token is not repeated.
 *
 * @param report takes a sentence: what could not be taken over, and why
 */
export function followedListenerOf(
  variables: FollowVariables,
  report: (sentence: string) => void,
): NodeFollowedListener | undefined {
  const { LISTENER: name, TRUST_STORE_URL: url, TRUST_STORE_TOKEN: token } = variables
  if (name === undefined) return undefined
  if (url === undefined || token === undefined) {
    throw new Error('LISTENER, TRUST_STORE_URL and TRUST_STORE_TOKEN go together')
  }
  checkUrl(url)
  // What is wrong with the variable is told once an app is made of it.
  const maxStalenessMs = parseDuration(variables.MAX_STALENESS ?? '5s') ?? stalenessMinMs
  checkStaleness(maxStalenessMs)
  const tell = onceAMinute(report)
  const listener = createFollowedListener({
    ask: () => askListener({ name, url, token }),
    maxStalenessMs,
    failStaticMs,
    clock: runtimeClock,
    background: (work) => void work,
    report: (because) => tell(`the listener ${name} was not taken: ${because}`),
  })
  const openTrustStore: NodeFollowedListener['openTrustStore'] = (store, asked) => {
    const open = followedOf(
      { TRUST_STORE: store, TRUST_STORE_URL: url, TRUST_STORE_TOKEN: token },
      report,
    )
    if (open === undefined) throw new Error(`the trust store ${store} cannot be followed`)
    return open(asked)
  }
  return { name, listener, openTrustStore, report: tell }
}

function checkUrl(url: string): void {
  if (mayCarryToken(url)) return
  throw new Error('TRUST_STORE_URL: expected an https URL (http on a loopback address alone)')
}

function checkStaleness(maxStalenessMs: number): void {
  if (maxStalenessMs >= stalenessMinMs) return
  throw new Error('MAX_STALENESS: expected 1s at least where a control plane is followed')
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
