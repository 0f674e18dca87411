import type { AuthorizationPolicy, Rule } from '#shared/authorization/policy.ts'
import type { PolicyFault } from '#shared/authorization/read-document.ts'
import { readAuthorizationPolicy } from '#shared/authorization/read-policy.ts'
import { err, type Result } from '#shared/result.ts'
import { readDocuments } from './read-documents.ts'

/** What is answered where a policy asks for it. */
export interface Answered {
  /** Whether tokens of requests are verified, so that rules may ask for their claims. */
  readonly tokens: boolean
  /** Names of providers of CUSTOM policies, or any. */
  readonly providers: readonly string[] | 'any'
}

/**
 * Reads the policies of a listener: one AuthorizationPolicy as Istio writes it, or a list of them, in
 * JSON. What nobody answers here is refused: a rule that asks for it would be a door that somebody
 * believes to be shut.
 *
 * @param file named in faults
 * @returns the policies, or every fault: none of them is in force then
 */
export function readPolicies(
  text: string,
  file: string,
  answered: Answered,
): Result<readonly AuthorizationPolicy[], readonly PolicyFault[]> {
  return readDocuments(text, file, (document, named) => readPolicy(document, named, answered))
}

function readPolicy(
  document: unknown,
  file: string,
  { tokens, providers }: Answered,
): Result<AuthorizationPolicy, readonly PolicyFault[]> {
  const policy = readAuthorizationPolicy(document, file)
  if (!policy.ok) return policy
  const { action, rules } = policy.value
  if (action.word === 'CUSTOM' && providers !== 'any' && !providers.includes(action.provider)) {
    const expected = `a provider that is asked here: ${providers.join(', ') || 'there is none'}`
    return err([{ file, key: 'spec.provider.name', expected }])
  }
  const claims = tokens ? -1 : rules.findIndex(asksForClaims)
  if (claims === -1) return policy
  const expected = 'nothing about tokens: none is verified here'
  return err([{ file, key: `spec.rules[${claims}]`, expected }])
}

function asksForClaims({ from, when }: Rule): boolean {
  const ofToken = when.some(({ attribute }) => {
    return attribute.kind !== 'source' && attribute.kind !== 'header'
  })
  return ofToken || from.some(({ requestPrincipals }) => requestPrincipals !== undefined)
}
