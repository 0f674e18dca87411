import type { Context } from 'hono'
import { fromBase64, type Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { RegistryRefusal } from '../../../enrollment/registry/refusal.ts'
import type { Scope } from '../../tokens.ts'
import { requireScope } from '../allowed.ts'
import type { ApiEnv } from '../env.ts'
import { ApiProblem } from '../problem.ts'

/**
 * The registry as a token's `stores` name it, where they name any: no trust store has a colon in its
 * name.
 */
export const registryResource = 'registry:devices'

/** Who asks, where the token is good for this at the registry. Throws an ApiProblem otherwise. */
export function registryUser(context: Context<ApiEnv>, scope: Scope): string {
  requireScope(context, scope, registryResource)
  return context.get('token').name
}

/** What the registry did. Throws an ApiProblem with its word where it did nothing. */
export function done<Value>(result: Result<Value, RegistryRefusal>): Value {
  if (result.ok) return result.value
  throw new ApiProblem(result.error.code, { detail: result.error.because })
}

/** Octets of text that its schema has taken for base64. */
export function derOf(base64: string): Bytes {
  const der = fromBase64(base64)
  if (der !== undefined) return der
  throw new ApiProblem('request_malformed', { detail: 'expected base64 of DER' })
}
