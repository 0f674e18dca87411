import { hash } from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import { parseDuration } from '#shared/duration.ts'
import { createFollowedListener, type FollowedListener } from '../followed-listener.ts'
import { runtimeClock, type OpenTrustStore } from '../ports.ts'
import {
  checkStaleness,
  checkUrl,
  followedTrustStore,
  onceAMinute,
  stalenessMinMs,
} from '../trust-stores/followed.ts'
import { failStaticMs } from '../trust-stores/managed/followed-trust-store.ts'
import { askListener } from '../trust-stores/managed/http-feed.ts'

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
  checkUrl(url, 'TRUST_STORE_URL')
  const open = followedTrustStore({ name, url, token, report, sha256 })
  return (listener) => {
    checkStaleness(listener.maxStalenessMs, 'MAX_STALENESS')
    return open(listener)
  }
}

/** On the spot, and without a copy: half of what WebCrypto costs in Node. */
const sha256 = (octets: Bytes): Bytes => new Uint8Array(hash('sha256', octets, 'buffer'))

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
  checkUrl(url, 'TRUST_STORE_URL')
  // What is wrong with the variable is told once an app is made of it.
  const maxStalenessMs = parseDuration(variables.MAX_STALENESS ?? '5s') ?? stalenessMinMs
  checkStaleness(maxStalenessMs, 'MAX_STALENESS')
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
