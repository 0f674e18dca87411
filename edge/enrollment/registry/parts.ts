import { toUtf8 } from '#shared/bytes.ts'
import { serialHash } from '#shared/revocation/serial-hash.ts'
import { foldedName } from './device.ts'
import type { RemotePart } from './remote-part.ts'

/** Where what is kept. */
export interface RegistryParts {
  /** CAs, classes that are suspended, the log: one for all. */
  readonly rules: RemotePart
  /** Every part that keeps devices, by its number. */
  readonly devices: readonly RemotePart[]
  ofDevice(name: string): RemotePart
  /** The number of that part. */
  numberOf(name: string): number
  /** The part that keeps a claim, by the digest of its secret. */
  ofDigest(kind: 'claims', digest: string): RemotePart
  claims(): readonly RemotePart[]
  /** The part that keeps a binding: `key <sha256>` or `leaf <sha256>`. */
  ofBinding(what: string): RemotePart
  /** Bindings by the name of the part that keeps them, and what opens it. */
  bindingPart(what: string): string
  open(name: string): RemotePart
}

/** How many parts keep devices, and as many keep bindings and claims. */
export const defaultShards = 16

/** A file of refused certificates each, which every decision asks in turn. */
const shardsMax = 64

/**
 * Spreads a registry over so many parts of each kind: devices by the hash of their names, all else by
 * its digest. How many there are is settled when the registry is made, and never changes. Throws a
 * RangeError for a number that cannot be.
 */
export function registryParts(open: (name: string) => RemotePart, shards: number): RegistryParts {
  if (!Number.isInteger(shards) || shards < 1 || shards > shardsMax) {
    throw new RangeError(`expected 1 to ${shardsMax} shards, and not ${shards}`)
  }
  const numbers = Array.from({ length: shards }, (_, number) => number)
  const numberOf = (name: string): number => {
    const octets = toUtf8(foldedName(name))
    return serialHash(octets, 0, octets.length) % shards
  }
  const byDigest = (kind: string, digest: string): string =>
    `${kind}-${Number.parseInt(digest.slice(0, 8), 16) % shards}`
  const bindingPart = (what: string): string =>
    byDigest('bindings', what.slice(what.indexOf(' ') + 1))
  return {
    get rules() {
      return open('rules')
    },
    get devices() {
      return numbers.map((number) => open(`devices-${number}`))
    },
    ofDevice: (name) => open(`devices-${numberOf(name)}`),
    numberOf,
    ofDigest: (kind, digest) => open(byDigest(kind, digest)),
    claims: () => numbers.map((number) => open(`claims-${number}`)),
    ofBinding: (what) => open(bindingPart(what)),
    bindingPart,
    open,
  }
}
