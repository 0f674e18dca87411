import type { Crl } from '#shared/revocation/crl.ts'
import { cloudflareSerial } from '#shared/wire/serial.ts'

/** A file that CloudFront imports into a key value store. */
export interface KeyValueImport {
  readonly data: readonly { readonly key: string; readonly value: string }[]
}

/** Octets of keys and values: CloudFront's quota for one store, the smaller of the two it documents. */
const storeOctetsMax = 5 * 1024 * 1024

/**
 * What a connection function of CloudFront's viewer mutual TLS has to know to refuse revoked devices:
 * their serials in upper-case hexadecimal without leading zero octets, and under `until` the milliseconds since 1970 after which
 * the first of the lists is stale. By serial alone: the event spells names in more than one way, and a
 * serial that two CAs share refuses one device too many, never one too few.
 *
 * @param lists complete CRLs, whose signatures the caller has verified
 * @param octetsMax of all serials together: the quota of one store, where it was raised
 * @throws RangeError without a list, for a delta or an indirect one, and for more than a store holds
 */
export function cloudfrontRevokedKeys(
  lists: readonly Crl[],
  octetsMax = storeOctetsMax,
): KeyValueImport {
  if (lists.length === 0) throw new RangeError('no list: nobody would be refused')
  if (lists.some(({ deltaBase }) => deltaBase !== undefined)) {
    throw new RangeError('a delta CRL lists changes alone: give the complete list')
  }
  if (lists.some(({ indexOfOthers }) => indexOfOthers.size > 0)) {
    throw new RangeError('an indirect CRL speaks for other issuers: give the list of each')
  }
  const until = Math.min(...lists.map(({ nextUpdate }) => nextUpdate))
  const serials = new Set(lists.flatMap(({ index }) => [...index.entries()].map(serialText)))
  const octets = [...serials].reduce((total, { length }) => total + length, 0)
  if (octets > octetsMax) {
    throw new RangeError(
      `${serials.size} serials have ${octets} octets: a store holds ${octetsMax}`,
    )
  }
  const entries = [...serials].map((key) => ({ key, value: '' }))
  return { data: [{ key: 'until', value: String(until) }, ...entries] }
}

/** Of the octets as they are: whether the event shows a sign octet does not matter then. */
const serialText = ({ serial }: { readonly serial: Uint8Array }): string =>
  cloudflareSerial(serial).replace(/^(?:00)+(?=..)/, '')
