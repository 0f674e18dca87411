import type { Bytes } from '#shared/bytes.ts'
import { stream } from '#simulator/random.ts'
import { issuerOf, wholeSeconds, type DeviceCredential, type IssueRequest } from './authority.ts'
import type { Hierarchy } from './hierarchy.ts'
import { serialFrom, serialText } from './identifiers.ts'
import { derivedLeaves } from './identity.ts'
import { toPem } from './pem.ts'

/** The nth credential of a device, from 1. */
export type DeriveCredential = (request: Omit<IssueRequest, 'at'>, nth: number) => DeviceCredential

/**
 * The credentials that `createDerivedAuthority` would issue under this hierarchy, made again whenever
 * they are asked for and kept nowhere: the same serial, dates, names and key.
 */
export function credentialsOf(seed: number, hierarchy: Hierarchy): DeriveCredential {
  const makeLeaf = derivedLeaves(seed, 'leaf')
  return ({ device, kind, ...validity }, nth) => {
    const serial = serialFrom(stream(seed, 'serial', device, nth))
    const issuer = issuerOf(hierarchy, device)
    const dated = wholeSeconds(validity)
    const leaf = makeLeaf(issuer, { device, kind, serial, ...dated })
    const leafDer: Bytes = leaf.der
    return {
      serial: serialText(serial),
      issuer: issuer.name,
      get keyPem() {
        return leaf.keyPem
      },
      get chainPem() {
        return toPem('CERTIFICATE', leafDer) + toPem('CERTIFICATE', issuer.der)
      },
      leafDer,
      intermediateDer: issuer.der,
      ...dated,
    }
  }
}
