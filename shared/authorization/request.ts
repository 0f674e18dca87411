import { err, ok, type Result } from '#shared/result.ts'
import { normalisePath, type PathNormalisation } from './normalise-path.ts'
import { principalOf, workloadOf, type SpiffeId } from './spiffe-id.ts'
import type { Attribute, SourceField } from './policy.ts'

/** What policies are asked about. */
export interface AuthorizationRequest {
  /** Of the verified certificate; undefined without one, and for one that bears no SPIFFE ID. */
  readonly peer: SpiffeId | undefined
  /** As it stands in the request: methods are case-sensitive (RFC 9110 9.1). */
  readonly method: string
  /** With its port where it has one. */
  readonly host: string
  /** Of `normalisePath`. */
  readonly path: string
  /** Looks a lower-case name up: the value, lines of the same name joined by `,`. */
  readonly header: (name: string) => string | undefined
  /** Claims of a JSON Web Token that was verified; undefined without one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** What a request is made from, as it arrived. */
export interface RequestFacts extends Omit<AuthorizationRequest, 'path'> {
  /** Path and query, as they stand in the request's first line. */
  readonly target: string
}

/** What cannot be asked about, and what belonged there: answer 400. */
export interface RequestFault {
  readonly field: 'method' | 'path'
  readonly expected: string
}

/**
 * A request as policies are asked about it. Its path is the one to send to the target, with the
 * query behind it. A method that is not in upper case is refused: a server behind that folds case
 * would serve `get`, on which no policy matches.
 */
export function toAuthorizationRequest(
  { target, ...facts }: RequestFacts,
  normalisation: PathNormalisation,
): Result<AuthorizationRequest, RequestFault> {
  if (!/^[A-Z-]+$/.test(facts.method)) {
    return err({ field: 'method', expected: 'a method in upper case' })
  }
  const path = normalisePath(target, normalisation)
  if (!path.ok) return err({ field: 'path', expected: path.error })
  return ok({ ...facts, path: path.value })
}

/** The values that a request has of an attribute; none where it lacks it. */
export function valuesOf(request: AuthorizationRequest, attribute: Attribute): readonly string[] {
  const { claims } = request
  switch (attribute.kind) {
    case 'source':
      return sourceValues(request, attribute.field)
    case 'request_principal':
      return sourceValues(request, 'requestPrincipals')
    case 'audiences':
      return textsOf(claims?.['aud'])
    case 'presenter':
      return textsOf(claims?.['azp'])
    case 'header':
      return present(request.header(attribute.name))
    case 'claim':
      return claimValues(claims, attribute.path)
  }
}

/** The values of a field of `source`. */
export function sourceValues(
  { peer, claims }: AuthorizationRequest,
  field: SourceField,
): readonly string[] {
  if (field === 'requestPrincipals') return present(requestPrincipal(claims))
  if (peer === undefined) return []
  const workload = workloadOf(peer)
  switch (field) {
    case 'principals':
      return [principalOf(peer)]
    case 'trustDomains':
      return [peer.trustDomain]
    case 'namespaces':
      return present(workload?.namespace)
    case 'serviceAccounts':
      return present(workload && `${workload.namespace}/${workload.serviceAccount}`)
  }
}

/**
 * The spellings by which a host is asked for: as it stands, and without port and final dot. A policy
 * on `admin.example` is meant for `ADMIN.example.:8443` as well. All in lower case.
 */
export function hostSpellings(host: string): readonly string[] {
  const whole = host.toLowerCase()
  const name = whole.replace(/:\d*$/, '').replace(/\.$/, '')
  return name === whole ? [whole] : [whole, name]
}

/** Istio: issuer and subject, neither of them empty. */
function requestPrincipal(claims: AuthorizationRequest['claims']): string | undefined {
  const [iss, sub] = [claims?.['iss'], claims?.['sub']]
  if (typeof iss !== 'string' || typeof sub !== 'string' || iss === '' || sub === '')
    return undefined
  return `${iss}/${sub}`
}

function claimValues(
  claims: AuthorizationRequest['claims'],
  path: readonly string[],
): readonly string[] {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return []
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  // RFC 8693 4.2: one text of many values, as Istio takes these two by default.
  const isList = path.length === 1 && (path[0] === 'scope' || path[0] === 'permission')
  return isList && typeof value === 'string' ? value.split(' ') : textsOf(value)
}

/** A text, or the texts of a list; anything else says nothing. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) return []
  return value.filter((each): each is string => typeof each === 'string')
}

const present = (value: string | undefined): readonly string[] =>
  value === undefined ? [] : [value]
