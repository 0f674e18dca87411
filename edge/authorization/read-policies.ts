import type { AuthorizationPolicy, Rule } from '#shared/authorization/policy.ts'
import type { PolicyFault } from '#shared/authorization/read-document.ts'
import { readAuthorizationPolicy } from '#shared/authorization/read-policy.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { parseJson } from '../json.ts'

/** A variable of a Worker holds 5 kB; other runtimes' are longer, and nobody reads more policies than this. */
const textLengthMax = 64 * 1024

/** Every request asks them all. */
const policiesMax = 64

/**
 * Reads the policies of a listener: one AuthorizationPolicy as Istio writes it, or a list of them, in
 * JSON. What nobody answers here (providers, claims of a token) is refused: a rule that asks for it
 * would be a door that somebody believes to be shut.
 *
 * @param file named in faults
 * @returns the policies, or every fault: none of them is in force then
 */
export function readPolicies(
  text: string,
  file: string,
): Result<readonly AuthorizationPolicy[], readonly PolicyFault[]> {
  const documents = documentsOf(text)
  if (documents === undefined) {
    const expected = `JSON of 1 to ${policiesMax} policies, in at most ${textLengthMax} characters`
    return err([{ file, key: '', expected }])
  }
  const policies: AuthorizationPolicy[] = []
  const faults: PolicyFault[] = []
  for (const [index, document] of documents.entries()) {
    const policy = readPolicy(document, `${file}[${index}]`)
    if (policy.ok) policies.push(policy.value)
    else faults.push(...policy.error)
  }
  return faults.length > 0 ? err(faults) : ok(policies)
}

function documentsOf(text: string): readonly unknown[] | undefined {
  const value = text.length > textLengthMax ? undefined : parseJson(text)
  if (value === undefined) return undefined
  const documents: readonly unknown[] = Array.isArray(value) ? value : [value]
  return documents.length > 0 && documents.length <= policiesMax ? documents : undefined
}

function readPolicy(
  document: unknown,
  file: string,
): Result<AuthorizationPolicy, readonly PolicyFault[]> {
  const policy = readAuthorizationPolicy(document, file)
  if (!policy.ok) return policy
  if (policy.value.action.word === 'CUSTOM') {
    const expected = 'ALLOW, DENY or AUDIT: there is no provider to ask'
    return err([{ file, key: 'spec.action', expected }])
  }
  const claims = policy.value.rules.findIndex(asksForClaims)
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
