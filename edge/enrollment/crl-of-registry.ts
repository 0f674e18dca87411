import { toHex, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import type { IssuedCertificate } from './registry/device.ts'
import type { Authority } from './signers/authority.ts'
import { issueCrl, type CrlEntry } from './signers/crl.ts'

/** What a registry tells of revoked certificates: a page, by serial, of those behind `after`. */
export interface RevokedCertificates {
  revokedOf(
    issuerKeyId: string,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly Pick<IssuedCertificate, 'serial' | 'notAfter' | 'revokedAt'>[]>
}

/** ALB takes no longer list: its quota on entries. */
const entriesMax = 500_000

const pageSize = 10_000

/** RFC 5280 3.3: an entry stays until one list beyond its certificate's end has named it. */
const keptAfterEndMs = 7 * 86_400_000

/** Relying parties elsewhere fetch it some times a day. */
const lifetimeMs = 7 * 86_400_000

/**
 * DER of the list of what one CA of ours has issued and its registry has revoked for good, as of now.
 * Trust stores of this project need none: they are told by the registry. Numbers are instants, so that
 * each list has a greater one than those before (RFC 5280 5.2.3) wherever it was made.
 *
 * Throws a RangeError where more are revoked than any relying party takes.
 */
export async function crlOfRegistry(
  authority: Authority,
  registry: RevokedCertificates,
  now: Instant,
): Promise<Bytes> {
  const keyId = authority.certificate.extensions.subjectKeyIdentifier
  const entries = await entriesOf(keyId === undefined ? '' : toHex(keyId), registry, now)
  const nextUpdate = shift(now, lifetimeMs)
  return issueCrl(authority, { entries, number: now, thisUpdate: now, nextUpdate })
}

async function entriesOf(
  issuerKeyId: string,
  registry: RevokedCertificates,
  now: Instant,
): Promise<readonly CrlEntry[]> {
  const entries: CrlEntry[] = []
  let after = ''
  for (;;) {
    const page = await registry.revokedOf(issuerKeyId, { after, limit: pageSize })
    for (const { serial, revokedAt, notAfter } of page) {
      if (revokedAt !== undefined && notAfter + keptAfterEndMs >= now) {
        entries.push({ serial, revokedAt })
      }
    }
    if (entries.length > entriesMax) {
      throw new RangeError(`more than ${entriesMax} certificates are revoked: no list holds them`)
    }
    if (page.length < pageSize) return entries
    after = page.at(-1)?.serial ?? ''
  }
}
