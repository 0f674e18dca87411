import { stream } from '#simulator/random.ts'
import {
  issuerOf,
  toCredential,
  wholeSeconds,
  type DeviceCredential,
  type IssueRequest,
} from './authority.ts'
import type { Hierarchy } from './hierarchy.ts'
import { serialFrom } from './identifiers.ts'
import { derivedLeaves } from './identity.ts'

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
    return toCredential(issuer, leaf, serial, dated)
  }
}
