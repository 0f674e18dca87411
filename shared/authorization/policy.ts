import type { PathMatch } from './path-match.ts'
import type { StringMatch } from './string-match.ts'

/** One authorization policy, read and checked: Istio's AuthorizationPolicy. */
export interface AuthorizationPolicy {
  readonly name: string
  readonly action: PolicyAction
  /** Reported and never enforced (Istio's annotation `istio.io/dry-run`). */
  readonly dryRun: boolean
  /** None matches nothing: an ALLOW policy without rules admits nobody. */
  readonly rules: readonly Rule[]
}

export type PolicyAction =
  | { readonly word: 'ALLOW' | 'DENY' | 'AUDIT' }
  /** Another service is asked, by the name of a configured provider. */
  | { readonly word: 'CUSTOM'; readonly provider: string }

/** Any source, and any operation, and all conditions. An empty list asks nothing. */
export interface Rule {
  readonly from: readonly Source[]
  readonly to: readonly Operation[]
  readonly when: readonly Condition[]
}

/**
 * Values of one field and of its `not` twin. Absent `values` ask nothing; of those there are one has
 * to match, and none of `notValues` may. An attribute that the request lacks matches no value.
 */
export interface FieldMatch<Match> {
  readonly values: readonly Match[] | undefined
  readonly notValues: readonly Match[] | undefined
}

/** `<namespace>/<service account>`, both whole: service accounts have no stars. */
export type Source = Readonly<Partial<Record<SourceField, FieldMatch<StringMatch>>>>

export type SourceField =
  | 'principals'
  | 'requestPrincipals'
  | 'namespaces'
  | 'serviceAccounts'
  | 'trustDomains'

export interface Operation {
  /** In lower case. */
  readonly hosts?: FieldMatch<StringMatch>
  readonly methods?: FieldMatch<StringMatch>
  readonly paths?: FieldMatch<PathMatch>
}

export interface Condition extends FieldMatch<StringMatch> {
  readonly attribute: Attribute
}

/** What a condition asks about. */
export type Attribute =
  | { readonly kind: 'source'; readonly field: Exclude<SourceField, 'requestPrincipals'> }
  | { readonly kind: 'request_principal' | 'audiences' | 'presenter' }
  /** Lower-case. */
  | { readonly kind: 'header'; readonly name: string }
  /** Names from the outermost claim to the one meant. */
  | { readonly kind: 'claim'; readonly path: readonly string[] }
