import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import type { Budget } from '../budget.ts'
import type { CandidatePath } from '../candidate-path.ts'
import { isSelfIssued } from '../checks/authority.ts'
import type { AnchorRules } from '../policy.ts'
import { relationOf, type PlacedName } from './match.ts'
import { namesOf, subtreesOf, type Subtrees } from './placed.ts'

/** What became of one name under the constraints of one CA. */
type Outcome = 'allowed' | 'violated' | 'exhausted'

/**
 * RFC 5280 6.1.3 (b) and (c) with 6.1.4 (g): every name below a CA, or below the anchor (RFC 5937),
 * lies in a subtree that it permits for names of that form, if it names any, and in none that it
 * excludes. What each CA permits is asked by itself, which is the intersection that the RFC keeps.
 */
export function checkNameConstraints(
  { certificates, anchor }: CandidatePath,
  budget: Budget,
  { constraints }: Pick<AnchorRules, 'constraints'>,
): Result<void, Rejection> {
  const isAnchorBinding = constraints !== 'ignore' && isConstraining(anchor.certificate)
  // Most hierarchies constrain no names.
  if (!isAnchorBinding && !certificates.some(isConstraining)) return ok(undefined)
  const binding = isAnchorBinding ? [anchor.certificate] : []
  for (const [by, issuer] of [...certificates, ...binding].entries()) {
    if (issuer.extensions.nameConstraints === undefined) continue
    for (const [at, certificate] of certificates.slice(0, by).entries()) {
      const names = checkNames(certificate, at, issuer, by, budget)
      if (!names.ok) return names
    }
  }
  return ok(undefined)
}

function isConstraining({ extensions }: Certificate): boolean {
  return extensions.nameConstraints !== undefined
}

/**
 * The names of one certificate under the constraints of one CA above it. A self-issued certificate
 * is passed over, but for the leaf (6.1.3 (b)): a rollover of the CA's own key bears the CA's name.
 */
export function checkNames(
  certificate: Certificate,
  at: PathIndex,
  issuer: Certificate,
  by: PathIndex,
  budget: Budget,
): Result<void, Rejection> {
  const constraints = issuer.extensions.nameConstraints
  if (constraints === undefined || (at > 0 && isSelfIssued(certificate))) return ok(undefined)
  const subtrees = subtreesOf(constraints)
  const { names, hosts } = namesOf(certificate)
  for (const { name, placed } of at === 0 ? [...names, ...hosts] : names) {
    const outcome = outcomeOf(placed, subtrees, budget)
    if (outcome === 'exhausted') return err({ code: 'budget_exhausted', budget: 'comparisons' })
    if (outcome === 'violated') return err(violation(name, at, by))
  }
  return ok(undefined)
}

function outcomeOf(name: PlacedName, { permitted, excluded }: Subtrees, budget: Budget): Outcome {
  let isBound = false
  let isPermitted = false
  for (const base of permitted) {
    if (!spend(budget)) return 'exhausted'
    const relation = relationOf(name, base)
    isBound ||= relation !== undefined
    isPermitted ||= relation === 'within'
  }
  for (const base of excluded) {
    if (!spend(budget)) return 'exhausted'
    const relation = relationOf(name, base)
    if (relation === 'within' || relation === 'unclear') return 'violated'
  }
  return isBound && !isPermitted ? 'violated' : 'allowed'
}

function spend(budget: Budget): boolean {
  if (budget.comparisons === 0) return false
  budget.comparisons -= 1
  return true
}

function violation(name: GeneralName, at: PathIndex, constrainedBy: PathIndex): Rejection {
  const { form } = name
  return { code: 'name_constraint_violated', at, constrainedBy, form, name: factOf(name) }
}

/** What the name says; its form where this core cannot read it. */
function factOf(name: GeneralName): string | Bytes {
  if ('text' in name) return name.text
  if (name.form === 'ip') return name.octets
  return name.form === 'directory' ? name.name : name.form
}
