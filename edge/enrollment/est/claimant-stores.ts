import {
  buildTrustStore,
  defaultLimits,
  type TrustAnchor,
  type TrustStore,
} from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { EnrolmentLabel } from '../label-settings.ts'

/**
 * What certificates of the label's own CA are held against: its CAs are the anchors, and whatever the
 * listener's trust store revokes is revoked.
 *
 * @param held the listener's; undefined where it has none
 */
export function ownStore(
  { ca }: EnrolmentLabel,
  held: TrustStore | undefined,
): Promise<TrustStore> {
  return storeOf(ca.certificates, held)
}

/** What factories' certificates are held against: the listener's trust store, and the label's factories. */
export async function factoryStore(
  { factories }: EnrolmentLabel,
  held: TrustStore | undefined,
): Promise<TrustStore> {
  const own = await storeOf(factories, held)
  if (held === undefined) return own
  const { intermediatesBySubject } = held
  return {
    ...own,
    anchorsBySubject: merged(held.anchorsBySubject, own.anchorsBySubject),
    intermediatesBySubject,
  }
}

async function storeOf(
  anchors: readonly Certificate[],
  held: TrustStore | undefined,
): Promise<TrustStore> {
  const epoch = held?.epoch ?? 0
  const limits = held?.limits ?? defaultLimits
  const store = await buildTrustStore({ anchors, intermediates: [], crls: [], epoch, limits })
  if (held === undefined) return store
  const { crlsByIssuer, revokedSerials } = held
  return { ...store, crlsByIssuer, revokedSerials }
}

type Anchors = ReadonlyMap<string, readonly TrustAnchor[]>

function merged(a: Anchors, b: Anchors): Anchors {
  const all = new Map(a)
  for (const [subject, anchors] of b) all.set(subject, [...(all.get(subject) ?? []), ...anchors])
  return all
}
