import { lookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { isPublicAddress, type OpenHosts } from '../trust-stores/sources/address.ts'
import type { FetchOne } from '../trust-stores/sources/fetch-list.ts'
import { fetchTimeoutMs } from '../trust-stores/sources/web-fetch.ts'

/** Finds the addresses of a name; the machine's own resolver unless a test brings one. */
export type Resolve = (
  hostname: string,
  tell: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

/**
 * Fetches lists on Node. Between a name and its connection stands the address that the name resolves
 * to: only public ones are connected to, looked at in the very moment of connecting, so that a name
 * that resolves to another address the second time leads nowhere. Hosts that the deployment opens
 * are exempt.
 */
export function nodeSourceFetch(openHosts: OpenHosts, resolve: Resolve = resolveAll): FetchOne {
  const guarded = new Agent({ connect: { lookup: publicOnly(resolve) } })
  const open = new Agent({ connect: { lookup: anyOf(resolve) } })
  return async (url, headers) => {
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(fetchTimeoutMs),
      dispatcher: openHosts.includes(url.host) ? open : guarded,
    })
    // undici's own Response is the platform's in all but its type.
    return new Response(bodyless.includes(response.status) ? null : bodyOf(response), {
      status: response.status,
      headers: [...response.headers],
    })
  }
}

/** Fetch: of these statuses a Response has no body. */
const bodyless: readonly number[] = [204, 205, 304]

function bodyOf({ body }: Awaited<ReturnType<typeof fetch>>): ReadableStream<Uint8Array> | null {
  return body === null ? null : ReadableStream.from(body)
}

const resolveAll: Resolve = (hostname, tell) => {
  lookup(hostname, { all: true }, tell)
}

const anyOf = (resolve: Resolve): LookupFunction => filtered(resolve, () => true)

const publicOnly = (resolve: Resolve): LookupFunction =>
  filtered(resolve, ({ address }) => isPublicAddress(address))

/** As `net.connect` asks: for all addresses, or for one. */
function filtered(resolve: Resolve, isTaken: (address: LookupAddress) => boolean): LookupFunction {
  return (hostname, options, tell) => {
    resolve(hostname, (error, addresses) => {
      if (error !== null) return tell(error, [])
      const taken = addresses.filter(isTaken)
      const [first] = taken
      if (first === undefined) {
        return tell(new Error(`${hostname} resolves to no public address`), [])
      }
      return options.all === true ? tell(null, taken) : tell(null, first.address, first.family)
    })
  }
}
