import { durationExpected, formatDuration, parseDuration } from '#shared/duration.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { strictFreshness, type FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'
import { sessionTtlMaxMs } from '#shared/session/session.ts'
import { albLimits, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import { readPolicies } from './authorization/read-policies.ts'
import { importEvidenceRing } from './evidence/keys.ts'
import type { Hop, Listener } from './listener.ts'
import {
  platformNames,
  platforms,
  type PlatformRow,
  type PlatformVariable,
} from './platforms/by-name.ts'

/** The variables and secrets of `wrangler.toml` that configure a listener, all of them text. */
export type ListenerVariables = Readonly<Partial<Record<VariableName, string>>>

export type VariableName =
  | PlatformVariable
  | 'PLATFORM'
  | 'HOP'
  | 'HOP_SECRET'
  | 'MODE'
  | 'EXPIRED'
  | 'REVOCATION_OF'
  | 'CRL_GRACE'
  | 'CRL_STALE'
  | 'CRL_ABSENT'
  | 'CRL_GRACE_OF_CAS'
  | 'CRL_STALE_OF_CAS'
  | 'CRL_ABSENT_OF_CAS'
  | 'CRL_MAX_AGE'
  | 'PURPOSE_ANY_EKU'
  | 'ANCHOR_EXPIRY'
  | 'ANCHOR_CONSTRAINTS'
  | 'ALGORITHMS'
  | 'PROFILE'
  | 'ATTESTED'
  | 'LIMITS'
  | 'MAX_STALENESS'
  | 'SESSION_KEYS'
  | 'SESSION_TTL'
  | 'TARGET_HOP_SECRET'
  | 'CONNECTION_LOG'
  | 'METRICS_PATH'
  | 'METRICS_TOKEN'
  | 'EVIDENCE_KEYS'
  | 'EVIDENCE_ISSUER'
  | 'AUTHORIZATION'
  | 'AUTHORIZATION_PATHS'

/** A variable that cannot be used. The value of a secret is never repeated. */
export interface ConfigFault {
  readonly variable: VariableName
  readonly expected: string
}

/** Shorter secrets can be guessed by someone who may ask often. */
const secretLengthMin = 32

/** As many letters, digits and hyphens as nobody finds by trying, one request a name. */
const privateNameLengthMin = 16

/** Collects faults while variables are read, so that all are told at once. */
class Faults {
  readonly all: ConfigFault[] = []

  add<Fallback>(variable: VariableName, expected: string, fallback: Fallback): Fallback {
    this.all.push({ variable, expected })
    return fallback
  }
}

/** Reads a listener from a worker's variables: the listener, or every fault in them. */
export async function readListener(
  variables: ListenerVariables,
): Promise<Result<Listener, readonly ConfigFault[]>> {
  const faults = new Faults()
  const platform = word(variables, 'PLATFORM', platformNames, faults)
  const row: PlatformRow = platforms[platform]
  const listener: Listener = {
    platform: row.create(variables, (variable, expected) => {
      faults.add(variable, expected, undefined)
    }),
    hop: readHop(variables, row, faults),
    mode: word(variables, 'MODE', ['verify', 'passthrough', 'off'], faults),
    policy: readPolicy(variables, faults),
    limits:
      word(variables, 'LIMITS', ['default', 'alb'], faults) === 'alb' ? albLimits : defaultLimits,
    maxStalenessMs: duration(variables, 'MAX_STALENESS', '5s', faults),
    session: await readSession(variables, faults),
    connectionLog: word(variables, 'CONNECTION_LOG', ['json', 'alb', 'off'], faults),
    metrics: readMetrics(variables, faults),
    authorization: readAuthorization(variables, faults),
    evidence: await readEvidence(variables, faults),
    targetHopSecret: readSecret(variables, 'TARGET_HOP_SECRET', faults),
  }
  return faults.all.length === 0 ? ok(listener) : err(faults.all)
}

/** Headers are as good as the hop they came over: a platform of headers needs a word on that. */
function readHop(variables: ListenerVariables, row: PlatformRow, faults: Faults): Hop {
  if (row.facts !== 'headers') return { word: 'runtime' }
  switch (variables.HOP) {
    case 'network':
      return { word: 'network' }
    case 'private-names':
      return readPrivateNames(variables, row, faults)
    case 'secret': {
      // Unset is as wrong as short here, and told in the same words.
      const { HOP_SECRET = '' } = variables
      const secret = readSecret({ HOP_SECRET }, 'HOP_SECRET', faults)
      return { word: 'secret', secret: secret ?? '' }
    }
    default:
      return faults.add('HOP', hopExpected(row), { word: 'network' })
  }
}

function readPrivateNames(variables: ListenerVariables, row: PlatformRow, faults: Faults): Hop {
  const hop = { word: 'private-names' } as const
  const { privateName } = row
  if (privateName === undefined) return faults.add('HOP', hopExpected(row), hop)
  if ((variables[privateName] ?? '').length >= privateNameLengthMin) return hop
  const expected = `at least ${privateNameLengthMin} characters that clients cannot guess`
  return faults.add(privateName, expected, hop)
}

function hopExpected({ privateName }: PlatformRow): string {
  const renamed = privateName === undefined ? '' : `, private-names (with ${privateName})`
  return `secret (with HOP_SECRET)${renamed} or network: without it any client could write this platform's headers`
}

function readPolicy(variables: ListenerVariables, faults: Faults): VerificationPolicy {
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

async function readSession(
  variables: ListenerVariables,
  faults: Faults,
): Promise<Listener['session']> {
  const ttlMs = duration(variables, 'SESSION_TTL', '15m', faults)
  if (ttlMs > sessionTtlMaxMs) faults.add('SESSION_TTL', 'at most 15m', undefined)
  if (variables.SESSION_KEYS === undefined) return undefined
  const ring = await importKeyRing(variables.SESSION_KEYS)
  return ring.ok ? { ring: ring.value, ttlMs } : faults.add('SESSION_KEYS', ring.error, undefined)
}

/** Where nothing is decided no device has a name, and a policy about names would be none. */
function readAuthorization(
  variables: ListenerVariables,
  faults: Faults,
): Listener['authorization'] {
  const { AUTHORIZATION, MODE = 'verify' } = variables
  const paths = word(variables, 'AUTHORIZATION_PATHS', normalisations, faults)
  if (AUTHORIZATION === undefined) return undefined
  if (MODE !== 'verify') return faults.add('AUTHORIZATION', 'none but with MODE verify', undefined)
  const policies = readPolicies(AUTHORIZATION, 'AUTHORIZATION')
  if (policies.ok) return { policies: policies.value, paths }
  for (const { file, key, expected } of policies.error) {
    faults.add('AUTHORIZATION', `${expected} (at ${file}${key && `.${key}`})`, undefined)
  }
  return undefined
}

/** The strictest first: what a target makes equal and a policy does not is a way around it. */
const normalisations = ['decode_and_merge_slashes', 'merge_slashes', 'base', 'none'] as const

/** What is not decided here is not signed here either. */
async function readEvidence(
  variables: ListenerVariables,
  faults: Faults,
): Promise<Listener['evidence']> {
  const { EVIDENCE_KEYS, EVIDENCE_ISSUER: issuer = '', MODE = 'verify' } = variables
  if (EVIDENCE_KEYS === undefined) return undefined
  const ring = await importEvidenceRing(EVIDENCE_KEYS)
  if (!ring.ok) return faults.add('EVIDENCE_KEYS', ring.error, undefined)
  if (MODE !== 'verify') return faults.add('EVIDENCE_KEYS', 'none but with MODE verify', undefined)
  if (/^[\x21-\x7e]{1,255}$/.test(issuer)) return { ring: ring.value, issuer }
  return faults.add('EVIDENCE_ISSUER', 'the name of this gateway, without spaces', undefined)
}

/** The page names no device, but when and why a fleet is refused is not for everybody. */
function readMetrics(variables: ListenerVariables, faults: Faults): Listener['metrics'] {
  const { METRICS_PATH: path, METRICS_TOKEN = '' } = variables
  if (path === undefined) return undefined
  // No `:`, `*` or `{`: to a router they are patterns.
  if (!/^(?:\/[A-Za-z0-9._-]+)+$/.test(path)) {
    return faults.add('METRICS_PATH', 'a path of letters, digits, dots, hyphens and _', undefined)
  }
  const token = readSecret({ METRICS_TOKEN }, 'METRICS_TOKEN', faults)
  return token === undefined ? undefined : { path, token }
}

function readSecret(
  variables: ListenerVariables,
  name: 'HOP_SECRET' | 'TARGET_HOP_SECRET' | 'METRICS_TOKEN',
  faults: Faults,
): string | undefined {
  const secret = variables[name]
  if (secret === undefined || secret.length >= secretLengthMin) return secret
  return faults.add(name, `a secret of at least ${secretLengthMin} characters`, undefined)
}

/** One of a few words; the first is the default. */
function word<Word extends string>(
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

function duration(
  variables: ListenerVariables,
  name: VariableName,
  fallback: string,
  faults: Faults,
): number {
  const ms = parseDuration(variables[name] ?? fallback)
  return ms ?? faults.add(name, durationExpected, 0)
}
