import type { Context } from 'hono'
import type { ChangeRefusal } from '../../trust-stores/managed/changes.ts'

/** Why a request to the API is refused, with its HTTP status: one row a code. */
const statuses = {
  request_malformed: 400,
  token_unknown: 401,
  scope_missing: 403,
  not_found: 404,
  store_not_found: 404,
  epoch_not_found: 404,
  file_not_found: 404,
  list_not_found: 404,
  listener_not_found: 404,
  serial_not_revoked: 404,
  source_not_found: 404,
  name_taken: 409,
  source_known: 409,
  store_in_use: 409,
  too_large: 413,
  media_type_unsupported: 415,
  too_many_stores: 422,
  name_malformed: 422,
  source_malformed: 422,
  too_many_sources: 422,
  change_refused: 422,
  device_not_found: 404,
  certificate_not_found: 404,
  claim_not_found: 404,
  ca_not_found: 404,
  binding_not_found: 404,
  transition_refused: 409,
  class_malformed: 422,
  claim_malformed: 422,
  ca_not_proven: 422,
  too_many_cas: 422,
  ca_unknown: 422,
  ca_disabled: 422,
  first_connection_refused: 422,
  first_connections_used: 422,
  certificate_revoked: 422,
  device_of_another: 422,
  unavailable: 503,
} as const

export type ApiProblemCode = keyof typeof statuses

/** A place in a request that is at fault. */
export interface ApiFault {
  readonly at: string
  readonly expected: string
}

/** What a problem says beside its code. */
export interface ProblemDetails {
  /** For people. */
  readonly detail?: string
  readonly errors?: readonly ApiFault[]
  /** Why the gate did not take a change. */
  readonly refusal?: string
}

/** Ends the handling of a request: thrown, because the routes' types know their success alone. */
export class ApiProblem extends Error {
  readonly code: ApiProblemCode
  readonly details: ProblemDetails

  constructor(code: ApiProblemCode, details: ProblemDetails = {}) {
    super(code)
    this.code = code
    this.details = details
  }
}

/** A problem document (RFC 9457). */
export function problem(
  context: Context,
  code: ApiProblemCode,
  details: ProblemDetails = {},
): Response {
  const status = statuses[code]
  const body = { type: 'about:blank', title: code.replaceAll('_', ' '), status, code, ...details }
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  }
  return context.body(JSON.stringify(body), status, headers)
}

/** What a refused change comes to: a code of its own where it has one, `change_refused` with the gate's otherwise. */
export function refusedChange({ code, because, file }: ChangeRefusal): ApiProblem {
  const detail = file === undefined ? because : `${file}: ${because}`
  return isProblemCode(code)
    ? new ApiProblem(code, { detail })
    : new ApiProblem('change_refused', { detail, refusal: code })
}

const isProblemCode = (code: string): code is ApiProblemCode => Object.hasOwn(statuses, code)
