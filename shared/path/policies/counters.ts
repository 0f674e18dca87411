import type { Extensions } from '#shared/x509/certificate.ts'
import type { CertificatePolicyRules } from '../policy.ts'

/** How many more certificates that are not self-issued may come before each rule holds; 0: it holds. */
export interface PolicyCounters {
  /** explicit_policy of RFC 5280 6.1.2 (d). */
  readonly explicit: number
  /** policy_mapping of (f). */
  readonly mapping: number
  /** inhibit_anyPolicy of (e). */
  readonly any: number
}

/**
 * RFC 5280 6.1.2 (d) to (f).
 *
 * @param length certificates in the path
 */
export function initialCounters(rules: CertificatePolicyRules, length: number): PolicyCounters {
  return {
    explicit: rules.requireExplicit ? 0 : length + 1,
    mapping: rules.inhibitMapping ? 0 : length + 1,
    any: rules.inhibitAny ? 0 : length + 1,
  }
}

/** RFC 5280 6.1.4 (h): one certificate that is not self-issued has been passed. */
export function countDown({ explicit, mapping, any }: PolicyCounters): PolicyCounters {
  return { explicit: less(explicit), mapping: less(mapping), any: less(any) }
}

function less(counter: number): number {
  return Math.max(counter - 1, 0)
}

/** RFC 5280 6.1.4 (i) and (j): a CA's own words only shorten what is left. */
export function constrain(
  counters: PolicyCounters,
  { policyConstraints, inhibitAnyPolicy }: Extensions,
): PolicyCounters {
  return {
    explicit: Math.min(counters.explicit, policyConstraints?.requireExplicit ?? Infinity),
    mapping: Math.min(counters.mapping, policyConstraints?.inhibitMapping ?? Infinity),
    any: Math.min(counters.any, inhibitAnyPolicy ?? Infinity),
  }
}

/** RFC 5280 6.1.5 (a) and (b): what is left of explicit_policy after the leaf, self-issued or not. */
export function explicitAfterLeaf(counters: PolicyCounters, leaf: Extensions): number {
  return leaf.policyConstraints?.requireExplicit === 0 ? 0 : less(counters.explicit)
}
