import type { IpRange } from './ip-range.ts'

/** Where a target is: a URL of which the origin counts, or a service binding of a Worker. */
export type TargetAddress =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'binding'; readonly name: string }

/** One condition of a rule, as ALB has them; it holds where one of its values matches. */
export type RuleCondition =
  /** Lower case: a host has none. */
  | { readonly field: 'host-header'; readonly patterns: readonly string[] }
  | { readonly field: 'path-pattern'; readonly patterns: readonly string[] }
  /** Name and patterns in lower case. */
  | { readonly field: 'http-header'; readonly name: string; readonly patterns: readonly string[] }
  | { readonly field: 'http-request-method'; readonly methods: readonly string[] }
  | { readonly field: 'query-string'; readonly pairs: readonly QueryPair[] }
  | { readonly field: 'source-ip'; readonly ranges: readonly IpRange[] }

/** In lower case, character by character as `matchesWildcard` takes them. Without a key: under any. */
export interface QueryPair {
  readonly key: readonly string[] | undefined
  readonly value: readonly string[]
}

/** What is done with a request that a rule is for. */
export type RuleAction = ForwardAction | FixedResponseAction | RedirectAction

export interface ForwardAction {
  readonly type: 'forward'
  readonly groups: readonly WeightedGroup[]
  /** `device`: the same device meets the same group; `none`: each request is drawn anew. */
  readonly stickiness: 'device' | 'none'
}

/** A target group's name, and its share beside the others' of the same action. */
export interface WeightedGroup {
  readonly name: string
  readonly weight: number
}

export interface FixedResponseAction {
  readonly type: 'fixed-response'
  readonly status: number
  readonly contentType: string
  readonly body: string | undefined
}

/** The parts of an address, in which `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` are the request's. */
export interface RedirectAction {
  readonly type: 'redirect'
  readonly status: 301 | 302
  readonly protocol: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
}

/** A rule is for a request that meets all its conditions. */
export interface RoutingRule {
  readonly conditions: readonly RuleCondition[]
  readonly action: RuleAction
}

/** Where requests go. */
export interface Routing {
  readonly groups: ReadonlyMap<string, readonly TargetAddress[]>
  /** In the order in which they are asked. */
  readonly rules: readonly RoutingRule[]
  /** For what no rule is for. */
  readonly otherwise: RuleAction
}
