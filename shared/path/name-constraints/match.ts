import type { Bytes } from '#shared/bytes.ts'
import { canonicalName } from '#shared/x509/name.ts'
import type { GeneralName, OpaqueForm } from '#shared/x509/general-name.ts'
import {
  placeHost,
  placeSpace,
  relateHost,
  within,
  type HostSpace,
  type PlacedHost,
  type Relation,
} from './host.ts'

/** `iPAddress` of a name, or of a base with its mask behind it. */
interface PlacedAddress {
  readonly form: 'ip'
  readonly octets: Bytes
}

/** A Name by its canonical key, of which that of a subtree is the beginning; undefined where it cannot be read. */
interface PlacedDirectory {
  readonly form: 'directory'
  readonly key: string | undefined
}

type Opaque = { readonly form: OpaqueForm }

/** A name, and the base of a subtree, made ready to be compared: what their spelling means is read here. */
export type PlacedName = PlacedHost | PlacedAddress | PlacedDirectory | Opaque
export type PlacedBase = HostSpace | PlacedAddress | PlacedDirectory | Opaque

/** A name of a certificate, its spelling read once (RFC 5280 4.2.1.10). */
export function placeName(name: GeneralName): PlacedName {
  return 'text' in name ? placeHost(name.form, name.text) : placeOther(name)
}

/** The base of a subtree, its spelling read once (RFC 5280 4.2.1.10). */
export function placeBase(base: GeneralName): PlacedBase {
  return 'text' in base ? placeSpace(base.form, base.text) : placeOther(base)
}

type NotOfHosts = Exclude<GeneralName, { readonly text: string }>

function placeOther(name: NotOfHosts): PlacedAddress | PlacedDirectory | Opaque {
  if (name.form !== 'directory') return name
  const { key, rdns } = canonicalName(name.name)
  return { form: 'directory', key: rdns && key }
}

/** RFC 5280 4.2.1.10: how a name lies to the subtree of a base; undefined where forms differ. */
export function relationOf(name: PlacedName, base: PlacedBase): Relation | undefined {
  if (name.form !== base.form) return undefined
  if ('host' in name && 'host' in base) return relateHost(name, base)
  if ('octets' in name && 'octets' in base) return relateIp(name.octets, base.octets)
  if ('key' in name && 'key' in base) return relateDirectory(name.key, base.key)
  return 'unclear'
}

/** iPAddress: the same family, and the same bits under the mask (RFC 4632). */
function relateIp(address: Bytes, range: Bytes): Relation {
  const size = range.length / 2
  if (address.length !== size) return 'outside'
  for (let at = 0; at < size; at += 1) {
    const difference = (address[at] ?? 0) ^ (range[at] ?? 0)
    if ((difference & (range[size + at] ?? 0xff)) !== 0) return 'outside'
  }
  return 'within'
}

/**
 * directoryName: the base's RDNs are the first of the name (RFC 5280 7.1 says how they compare). Keys
 * say the length of each RDN before it, so that none is the beginning of another.
 */
function relateDirectory(name: string | undefined, base: string | undefined): Relation {
  if (name === undefined || base === undefined) return 'unclear'
  return within(name.startsWith(base))
}
