import { err, ok, type Result } from '#shared/result.ts'
import { parsePathMatch, type PathMatch } from './path-match.ts'
import type { Attribute, FieldMatch } from './policy.ts'
import { readList, readText, type Report } from './read-document.ts'
import { parseStringMatch, type StringMatch } from './string-match.ts'

/** Istio bounds rules and sources at 512; lists of values are bounded alike. */
export const listLengthMax = 512

/** Istio's bound on service accounts of one source. */
export const serviceAccountsMax = 16

/** Reads one value of a policy: the match, or what belonged there. */
export type ReadMatch<Match> = (text: string) => Result<Match, string>

/** A field and its `not` twin; undefined where neither is set. */
export function readFieldMatch<Match>(
  values: { readonly value: unknown; readonly key: string },
  twin: { readonly value: unknown; readonly key: string },
  read: ReadMatch<Match>,
  report: Report,
): FieldMatch<Match> | undefined {
  const field = {
    values: readMatches(values.value, values.key, read, report),
    notValues: readMatches(twin.value, twin.key, read, report),
  }
  return field.values === undefined && field.notValues === undefined ? undefined : field
}

/** An empty list is refused: whether it asks nothing or matches nothing, readers disagree. */
function readMatches<Match>(
  value: unknown,
  key: string,
  read: ReadMatch<Match>,
  report: Report,
): readonly Match[] | undefined {
  if (value === undefined) return undefined
  const texts = readList(value, key, listLengthMax, report)
  if (Array.isArray(value) && value.length === 0) report(key, 'a list that is not empty')
  return texts.flatMap((each, index) => {
    const at = `${key}[${index}]`
    const text = readText(each, at, report)
    const match = text === undefined ? undefined : read(text)
    if (match?.ok === true) return [match.value]
    if (match !== undefined) report(at, match.error)
    return []
  })
}

/** Istio writes principals without their scheme: with it, no principal would ever match. */
export function readPrincipal(text: string): Result<StringMatch, string> {
  return text.startsWith('spiffe:') ? err('a principal without spiffe://') : parseStringMatch(text)
}

/** Hosts are compared in lower case (RFC 3986 3.2.2). */
export function readHost(text: string): Result<StringMatch, string> {
  return parseStringMatch(text.toLowerCase())
}

/** Methods are case-sensitive, and those of requests that get this far are in upper case. */
export function readMethod(text: string): Result<StringMatch, string> {
  return /^[A-Z*-]+$/.test(text) ? parseStringMatch(text) : err('a method in upper case, or one *')
}

/** A path: exact, with a star at one end, or with `{*}` and `{**}` for segments; or what was expected. */
export function readPath(text: string): Result<PathMatch, string> {
  return parsePathMatch(text)
}

/**
 * `<namespace>/<service account>`, or a service account of the policy's own namespace. Whole, without
 * stars (CVE-2026-39350 came of reading them as patterns).
 */
export function readServiceAccount(namespace: string | undefined): ReadMatch<StringMatch> {
  return (text) => {
    const [first = '', second, ...more] = text.split('/')
    const whole = second === undefined && namespace !== undefined ? `${namespace}/${first}` : text
    const isWhole = /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(whole) && more.length === 0
    return isWhole
      ? ok({ kind: 'exact', text: whole })
      : err('namespace/service account, without *')
  }
}

/** The keys of conditions without a name in brackets. */
const attributes: Readonly<Record<string, Attribute>> = {
  'source.principal': { kind: 'source', field: 'principals' },
  'source.namespace': { kind: 'source', field: 'namespaces' },
  'source.serviceAccount': { kind: 'source', field: 'serviceAccounts' },
  'source.trustDomain': { kind: 'source', field: 'trustDomains' },
  'request.auth.principal': { kind: 'request_principal' },
  'request.auth.audiences': { kind: 'audiences' },
  'request.auth.presenter': { kind: 'presenter' },
}

/** Nested claims are named one in another; nobody nests deeper than this. */
const claimDepthMax = 8

/** The attribute of a condition's key; Istio ignores keys that it does not know, and we refuse them. */
export function readAttribute(text: string): Result<Attribute, string> {
  const plain = Object.hasOwn(attributes, text) ? attributes[text] : undefined
  if (plain !== undefined) return ok(plain)
  const [, header] = /^request\.headers\[([!#$%&'*+.^_`|~0-9A-Za-z-]+)\]$/.exec(text) ?? []
  if (header !== undefined) return ok({ kind: 'header', name: header.toLowerCase() })
  const [, claims] = /^request\.auth\.claims((?:\[[^[\]]+\])+)$/.exec(text) ?? []
  const path = claims?.slice(1, -1).split('][') ?? []
  if (path.length > 0 && path.length <= claimDepthMax) return ok({ kind: 'claim', path })
  const names = [...Object.keys(attributes), 'request.headers[…]', 'request.auth.claims[…]']
  return err(`one of ${names.join(', ')}`)
}
