import type { PolicyFault } from '#shared/authorization/read-document.ts'
import { durationExpected, parseDuration } from '#shared/duration.ts'
import { platformVariables } from './platforms/by-name.ts'

/** The variables and secrets of `wrangler.toml` that configure a listener, all of them text. */
export type ListenerVariables = Readonly<Partial<Record<VariableName, string>>>

export const variableNames = [
  ...platformVariables,
  'PLATFORM',
  'HOP',
  'HOP_SECRET',
  'MODE',
  'CERTIFICATE',
  'EXPIRED',
  'REVOCATION_OF',
  'CRL_GRACE',
  'CRL_STALE',
  'CRL_ABSENT',
  'CRL_GRACE_OF_CAS',
  'CRL_STALE_OF_CAS',
  'CRL_ABSENT_OF_CAS',
  'CRL_MAX_AGE',
  'PURPOSE_ANY_EKU',
  'ANCHOR_EXPIRY',
  'ANCHOR_CONSTRAINTS',
  'ALGORITHMS',
  'PROFILE',
  'ATTESTED',
  'LIMITS',
  'MAX_STALENESS',
  'SESSION_KEYS',
  'SESSION_TTL',
  'TARGET_HOP_SECRET',
  'CONNECTION_LOG',
  'METRICS_PATH',
  'METRICS_TOKEN',
  'EVIDENCE_KEYS',
  'EVIDENCE_ISSUER',
  'AUTHORIZATION',
  'PEER_AUTHENTICATION',
  'WORKLOAD',
  'REQUEST_AUTHENTICATION',
  'AUTHORIZATION_PROVIDERS',
  'PATH_NORMALISATION',
  'POLICIES',
  'ROUTES',
  'TARGET_GROUPS',
  'TARGET_TIMEOUT',
  'BODY_MAX',
  'XFF_MODE',
  'ENROLLMENT',
  'ENROLLMENT_KEYS',
] as const

export type VariableName = (typeof variableNames)[number]

/** A variable that cannot be used. The value of a secret is never repeated. */
export interface ConfigFault {
  readonly variable: VariableName
  readonly expected: string
}

/** Collects faults while variables are read, so that all are told at once. */
export class Faults {
  readonly all: ConfigFault[] = []

  add<Fallback>(variable: VariableName, expected: string, fallback: Fallback): Fallback {
    this.all.push({ variable, expected })
    return fallback
  }

  /** Those of documents inside a variable, each with its place. */
  addAll(variable: VariableName, faults: readonly PolicyFault[]): void {
    for (const { file, key, expected } of faults) {
      this.add(variable, `${expected} (at ${file}${key && `.${key}`})`, undefined)
    }
  }
}

/** One of a few words; the first is the default. */
export function word<Word extends string>(
  variables: ListenerVariables,
  name: VariableName,
  words: readonly [Word, ...Word[]],
  faults: Faults,
): Word {
  const text = variables[name]
  if (text === undefined) return words[0]
  return (
    words.find((each) => each === text) ?? faults.add(name, `one of ${words.join(', ')}`, words[0])
  )
}

/** Milliseconds. */
export function duration(
  variables: ListenerVariables,
  name: VariableName,
  fallback: string,
  faults: Faults,
): number {
  const ms = parseDuration(variables[name] ?? fallback)
  return ms ?? faults.add(name, durationExpected, 0)
}
