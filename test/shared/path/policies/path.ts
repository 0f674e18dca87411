import type { CandidatePath } from '#shared/path/candidate-path.ts'
import { processPolicies } from '#shared/path/policies/process.ts'
import { strictPolicy, type AnchorRules, type CertificatePolicyRules } from '#shared/path/policy.ts'
import type { Certificate, Extensions } from '#shared/x509/certificate.ts'
import { noExtensions } from '#shared/x509/extensions.ts'
import { certificateOf, createCa, name } from '../../pki.ts'

const base = certificateOf(await createCa())

/** What one certificate of a path says of policies. */
export interface Says extends Partial<Extensions> {
  readonly isSelfIssued?: boolean
}

/** A path as policies see it, leaf first; nothing else in its certificates is looked at. */
export function pathOf(chain: readonly [Says, ...Says[]], anchor: Says = {}): CandidatePath {
  const [leaf, ...issuers] = chain
  return {
    certificates: [certificate(leaf, 0), ...issuers.map((each, at) => certificate(each, at + 1))],
    anchor: {
      subject: base.subject,
      spki: base.spki,
      certificate: { ...base, extensions: { ...noExtensions, ...anchor } },
    },
  }
}

function certificate({ isSelfIssued = false, ...extensions }: Says, at: number): Certificate {
  const subject = name(`CA ${at}`)
  const issuer = isSelfIssued ? subject : name(`CA ${at + 1}`)
  return { ...base, subject, issuer, extensions: { ...noExtensions, ...extensions } }
}

/** The policies of a path, or why it has none that is taken; `at` is told with the code. */
export function policiesOf(
  chain: readonly [Says, ...Says[]],
  rules: Partial<CertificatePolicyRules> = {},
  anchor: Says = {},
  constraints: AnchorRules['constraints'] = 'enforce',
): readonly string[] | string {
  const whole = { ...strictPolicy.certificatePolicies, ...rules }
  const result = processPolicies(pathOf(chain, anchor), whole, { constraints })
  if (result.ok) return result.value
  return 'at' in result.error ? `${result.error.code} at ${result.error.at}` : result.error.code
}
