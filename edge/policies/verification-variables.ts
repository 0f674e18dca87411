import { formatDuration } from '#shared/duration.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import { strictFreshness, type FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import {
  duration,
  word,
  type Faults,
  type ListenerVariables,
  type VariableName,
} from '../variables.ts'

/** What is asked of certificates, from the variables that say so; the strict word for each that is not set. */
export function readVerification(variables: ListenerVariables, faults: Faults): VerificationPolicy {
  const freshness = readFreshness(variables, '', strictFreshness, faults)
  return {
    ...strictPolicy,
    expired: readExpired(variables, faults),
    revocation: {
      of: word(variables, 'REVOCATION_OF', ['chain', 'leaf', 'none'], faults),
      freshness,
      ...(onCas.some((name) => variables[name] !== undefined) && {
        freshnessOfCas: readFreshness(variables, '_OF_CAS', freshness, faults),
      }),
      ...(variables.CRL_MAX_AGE !== undefined && {
        maxAgeMs: duration(variables, 'CRL_MAX_AGE', variables.CRL_MAX_AGE, faults),
      }),
    },
    attested: word(variables, 'ATTESTED', ['refuse', 'accept'], faults),
    purpose: {
      ...strictPolicy.purpose,
      anyExtendedKeyUsage: word(variables, 'PURPOSE_ANY_EKU', ['refuse', 'accept'], faults),
    },
    anchor: {
      validity: word(variables, 'ANCHOR_EXPIRY', ['ignore', 'enforce'], faults),
      constraints: word(variables, 'ANCHOR_CONSTRAINTS', ['enforce', 'ignore'], faults),
    },
    // SHA-1 and short keys are in a set that has no name here.
    algorithms: algorithmSets[word(variables, 'ALGORITHMS', ['modern', 'alb', 'fips'], faults)],
    profile: profiles[word(variables, 'PROFILE', ['tolerant', 'rfc5280', 'conforming'], faults)],
  }
}

const onCas = ['CRL_GRACE_OF_CAS', 'CRL_STALE_OF_CAS', 'CRL_ABSENT_OF_CAS'] as const

/**
 * Words on how lists stand: `CRL_GRACE`, `CRL_STALE` and `CRL_ABSENT`, or with `_OF_CAS` behind those
 * for the lists on CA certificates.
 *
 * @param otherwise what counts for each that is not set
 */
function readFreshness(
  variables: ListenerVariables,
  of: '' | '_OF_CAS',
  otherwise: FreshnessPolicy,
  faults: Faults,
): FreshnessPolicy {
  const wordOn = (name: VariableName, unset: 'refuse' | 'accept') =>
    variables[name] === undefined ? unset : word(variables, name, ['refuse', 'accept'], faults)
  return {
    graceMs: duration(variables, `CRL_GRACE${of}`, formatDuration(otherwise.graceMs), faults),
    stale: wordOn(`CRL_STALE${of}`, otherwise.stale),
    absent: wordOn(`CRL_ABSENT${of}`, otherwise.absent),
  }
}

function readExpired(variables: ListenerVariables, faults: Faults): VerificationPolicy['expired'] {
  const expired = parseExpired(variables.EXPIRED ?? 'refuse')
  return expired ?? faults.add('EXPIRED', expiredExpected, { word: 'refuse' })
}
