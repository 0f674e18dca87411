import type { Certificate } from '#shared/x509/certificate.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import type { NameConstraints } from '#shared/x509/name-constraints.ts'
import { placeBase, placeName, type PlacedBase, type PlacedName } from './match.ts'
import { constrainedNames, hostsInSubject } from './names.ts'

/** A name as it stands in a certificate, and as it is compared. */
interface ConstrainedName {
  readonly name: GeneralName
  readonly placed: PlacedName
}

/** The names of a certificate that constraints apply to. */
export interface ConstrainedNames {
  readonly names: readonly ConstrainedName[]
  /** Those of a leaf beside them. */
  readonly hosts: readonly ConstrainedName[]
}

/** The subtrees of a CA, ready to be compared with. */
export interface Subtrees {
  readonly permitted: readonly PlacedBase[]
  readonly excluded: readonly PlacedBase[]
}

/**
 * By the very object, for as long as it lasts: a search asks for the same certificates on each of its
 * paths, and comparisons are bounded by their number, so that each has to be cheap.
 */
const knownNames = new WeakMap<Certificate, ConstrainedNames>()
const knownSubtrees = new WeakMap<NameConstraints, Subtrees>()

/** The names of a certificate that constraints bind, ready to be compared. */
export function namesOf(certificate: Certificate): ConstrainedNames {
  const before = knownNames.get(certificate)
  if (before !== undefined) return before
  const names = {
    names: constrainedNames(certificate).map(placed),
    hosts: hostsInSubject(certificate).map(placed),
  }
  knownNames.set(certificate, names)
  return names
}

function placed(name: GeneralName): ConstrainedName {
  return { name, placed: placeName(name) }
}

/** What a CA permits and excludes, ready to be compared. */
export function subtreesOf(constraints: NameConstraints): Subtrees {
  const before = knownSubtrees.get(constraints)
  if (before !== undefined) return before
  const { permitted, excluded } = constraints
  const subtrees = { permitted: permitted.map(placeBase), excluded: excluded.map(placeBase) }
  knownSubtrees.set(constraints, subtrees)
  return subtrees
}
