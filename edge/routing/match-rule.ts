import { isInRange } from './ip-range.ts'
import type { QueryPair, RoutingRule, RuleCondition } from './routing.ts'
import { matchesWildcard } from './wildcard.ts'

/** What rules ask of a request. */
export interface RoutedRequest {
  readonly method: string
  /** As it goes on to the target: normalised, where paths are. */
  readonly url: URL
  /** Without any that a client may not write. */
  readonly headers: Headers
  /** The client's address, where the platform tells it. */
  readonly source: string | undefined
}

/** Whether a request meets all conditions of a rule ("Condition types for listener rules", ALB). */
export function matchesRule({ conditions }: RoutingRule, request: RoutedRequest): boolean {
  return conditions.every((condition) => holds(condition, request))
}

function holds(condition: RuleCondition, request: RoutedRequest): boolean {
  switch (condition.field) {
    case 'host-header':
      return matchesSome(condition.patterns, request.url.hostname)
    case 'path-pattern':
      return matchesSome(condition.patterns, request.url.pathname)
    case 'http-header':
      return holdsOfHeader(condition.patterns, request.headers.get(condition.name))
    case 'http-request-method':
      return condition.methods.includes(request.method)
    case 'query-string':
      return holdsOfQuery(condition.pairs, request.url.search)
    case 'source-ip':
      return holdsOfSource(condition.ranges, request.source)
  }
}

const matchesSome = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => matchesWildcard(pattern, text))

/**
 * Case does not count. Several lines of one name are one value, joined by `, `, as Fetch has them;
 * ALB looks at each.
 */
function holdsOfHeader(patterns: readonly string[], value: string | null): boolean {
  return value !== null && matchesSome(patterns, value.toLowerCase())
}

/**
 * Case does not count. Keys and values are compared as they stand in the address, with what is
 * percent-encoded there: ALB's documentation does not say otherwise.
 */
function holdsOfQuery(pairs: readonly QueryPair[], search: string): boolean {
  if (search.length < 2) return false
  return search
    .slice(1)
    .toLowerCase()
    .split('&')
    .some((field) => pairs.some((pair) => matchesField(pair, field)))
}

function matchesField({ key, value }: QueryPair, field: string): boolean {
  const equals = field.indexOf('=')
  const [name, text] =
    equals === -1 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)]
  return (key === undefined || matchesWildcard(key, name)) && matchesWildcard(value, text)
}

/** A client whose address nobody tells is in no range. */
function holdsOfSource(
  ranges: Extract<RuleCondition, { field: 'source-ip' }>['ranges'],
  source: string | undefined,
): boolean {
  return source !== undefined && ranges.some((range) => isInRange(source, range))
}
