import { matchesPath } from './path-match.ts'
import type { FieldMatch, Operation, Rule, Source, SourceField } from './policy.ts'
import { hostSpellings, sourceValues, valuesOf, type AuthorizationRequest } from './request.ts'
import { matchesString } from './string-match.ts'

/** Whether a rule matches: any of `from`, any of `to`, all of `when`. */
export function matchesRule({ from, to, when }: Rule, request: AuthorizationRequest): boolean {
  return (
    (from.length === 0 || from.some((source) => matchesSource(source, request))) &&
    (to.length === 0 || to.some((operation) => matchesOperation(operation, request))) &&
    when.every((condition) => {
      return matchesField(condition, valuesOf(request, condition.attribute), matchesString)
    })
  )
}

function matchesSource(source: Source, request: AuthorizationRequest): boolean {
  return (Object.keys(source) as SourceField[]).every((field) => {
    return matchesField(source[field], sourceValues(request, field), matchesString)
  })
}

function matchesOperation(
  { hosts, methods, paths }: Operation,
  { host, method, path }: AuthorizationRequest,
): boolean {
  return (
    matchesField(hosts, hostSpellings(host), matchesString) &&
    matchesField(methods, [method], matchesString) &&
    matchesField(paths, [path], matchesPath)
  )
}

function matchesField<Match>(
  field: FieldMatch<Match> | undefined,
  found: readonly string[],
  matches: (match: Match, value: string) => boolean,
): boolean {
  const isAmong = (all: readonly Match[]): boolean =>
    all.some((match) => found.some((value) => matches(match, value)))
  if (field?.values !== undefined && !isAmong(field.values)) return false
  return field?.notValues === undefined || !isAmong(field.notValues)
}
