import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** One certificate of a hierarchy and its end, against how long the devices below it are in use. */
export interface HorizonRow {
  readonly subject: string
  readonly serial: string
  readonly role: 'authority' | 'leaf'
  readonly notAfter: Instant
  /** Days from now to its end; below 0 where it is over. */
  readonly daysLeft: number
  /** Devices' certificates that were given whose issuer it is, directly or further up. */
  readonly leaves: number
  /** `outlives`: it holds for the whole service life. */
  readonly verdict: 'outlives' | 'ends_before_service_life' | 'expired'
}

const dayMs = 86_400_000

/**
 * What of a hierarchy ends when: each authority once, the earliest end first; and of the leaves the
 * one that ends first, since leaves are renewed and authorities are in firmware.
 *
 * @param serviceLifeMs how long a device that ships now is to be in use
 */
export function horizonOf(
  certificates: readonly Certificate[],
  now: Instant,
  serviceLifeMs: number,
): readonly HorizonRow[] {
  const leaves = certificates.filter((each) => !isAuthority(each))
  const authorities = certificates.filter(isAuthority)
  const counts = new Map(authorities.map((each) => [each, 0]))
  for (const leaf of leaves) {
    for (const above of issuersOf(leaf, authorities))
      counts.set(above, (counts.get(above) ?? 0) + 1)
  }
  const [firstLeaf] = leaves.toSorted((a, b) => a.validity.notAfter - b.validity.notAfter)
  const told = firstLeaf === undefined ? authorities : [...authorities, firstLeaf]
  return told
    .map((each) => rowOf(each, counts.get(each) ?? leaves.length, now, serviceLifeMs))
    .toSorted((a, b) => a.notAfter - b.notAfter)
}

function isAuthority({ extensions }: Certificate): boolean {
  return extensions.basicConstraints?.ca === true
}

/** Everything above a leaf, by names: a hierarchy with a circle in it ends where it closes. */
function issuersOf(
  leaf: Certificate,
  authorities: readonly Certificate[],
): ReadonlySet<Certificate> {
  const found = new Set<Certificate>()
  const waiting = [leaf]
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    const { issuer } = each
    for (const above of authorities) {
      if (found.has(above) || nameText(above.subject) !== nameText(issuer)) continue
      found.add(above)
      waiting.push(above)
    }
  }
  return found
}

function nameText(name: Certificate['subject']): string {
  const text = rfc2253Name(name)
  return text.ok ? text.value : '(a name that cannot be read)'
}

function rowOf(
  certificate: Certificate,
  leaves: number,
  now: Instant,
  serviceLifeMs: number,
): HorizonRow {
  const { notAfter } = certificate.validity
  const needed = shift(now, serviceLifeMs)
  const role = isAuthority(certificate) ? 'authority' : 'leaf'
  return {
    subject: nameText(certificate.subject),
    serial: albSerial(certificate.serial),
    role,
    notAfter,
    daysLeft: Math.floor((notAfter - now) / dayMs),
    leaves: role === 'leaf' ? 1 : leaves,
    verdict:
      notAfter < now ? 'expired' : notAfter < needed ? 'ends_before_service_life' : 'outlives',
  }
}

/** Whether a row is a reason to act: a leaf is renewed, so that its end alone is none. */
export function isAlarming({ role, verdict }: HorizonRow): boolean {
  return role === 'authority' && verdict !== 'outlives'
}

/** A row for scripts: its instant in ISO 8601. */
export function jsonRow({ notAfter, ...row }: HorizonRow): object {
  return { ...row, notAfter: isoFromInstant(notAfter) }
}
