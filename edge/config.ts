import { durationExpected, parseDuration } from '#shared/duration.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'
import { sessionTtlMaxMs } from '#shared/session/session.ts'
import { albLimits, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { albNames } from '#shared/wire/alb.ts'
import type { Hop, Listener } from './listener.ts'
import { albPlatform } from './platforms/alb.ts'
import { cloudflarePlatform, managedTransformHeaders } from './platforms/cloudflare.ts'
import type { Platform } from './platforms/platform.ts'

/** The variables and secrets of `wrangler.toml` that configure a listener, all of them text. */
export type ListenerVariables = Readonly<Partial<Record<VariableName, string>>>

export type VariableName =
  | 'PLATFORM'
  | 'MANAGED_TRANSFORM'
  | 'ALB_MODE'
  | 'ALB_HEADER_PREFIX'
  | 'HOP'
  | 'HOP_SECRET'
  | 'MODE'
  | 'EXPIRED'
  | 'REVOCATION_OF'
  | 'REVOCATION_UNKNOWN'
  | 'ATTESTED'
  | 'LIMITS'
  | 'MAX_STALENESS'
  | 'SESSION_KEYS'
  | 'SESSION_TTL'
  | 'TARGET_HOP_SECRET'

/** A variable that cannot be used. The value of a secret is never repeated. */
export interface ConfigFault {
  readonly variable: VariableName
  readonly expected: string
}

/** Shorter secrets can be guessed by someone who may ask often. */
const secretLengthMin = 32

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
  const platform = readPlatform(variables, faults)
  const listener: Listener = {
    platform,
    hop: readHop(variables, platform, faults),
    mode: word(variables, 'MODE', ['verify', 'passthrough', 'off'], faults),
    policy: readPolicy(variables, faults),
    limits:
      word(variables, 'LIMITS', ['default', 'alb'], faults) === 'alb' ? albLimits : defaultLimits,
    maxStalenessMs: duration(variables, 'MAX_STALENESS', '5s', faults),
    session: await readSession(variables, faults),
    targetHopSecret: readSecret(variables, 'TARGET_HOP_SECRET', faults),
  }
  return faults.all.length === 0 ? ok(listener) : err(faults.all)
}

function readPlatform(variables: ListenerVariables, faults: Faults): Platform {
  switch (word(variables, 'PLATFORM', ['cloudflare', 'alb'], faults)) {
    case 'cloudflare':
      return cloudflarePlatform(readManagedTransform(variables, faults))
    case 'alb': {
      const mode = word(variables, 'ALB_MODE', ['verify', 'passthrough'], faults)
      return albPlatform({ mode, names: albNames(readHeaderPrefix(variables, faults)) })
    }
  }
}

/** Where Cloudflare itself sets `cf-cert-…`, these are on every request and no client's forgery. */
function readManagedTransform(variables: ListenerVariables, faults: Faults): readonly string[] {
  const isOn = word(variables, 'MANAGED_TRANSFORM', ['off', 'on'], faults) === 'on'
  return isOn ? managedTransformHeaders : []
}

/** A part of header names (RFC 9110 5.1); without `_` and `.`, which servers behind take for `-`. */
function readHeaderPrefix(
  { ALB_HEADER_PREFIX: prefix }: ListenerVariables,
  faults: Faults,
): string | undefined {
  if (prefix === undefined || /^[A-Za-z0-9-]+$/.test(prefix)) return prefix
  return faults.add('ALB_HEADER_PREFIX', 'letters, digits and hyphens', undefined)
}

/** Headers are as good as the hop they came over: a platform of headers needs a word on that. */
function readHop(variables: ListenerVariables, platform: Platform, faults: Faults): Hop {
  if (platform.name === 'cloudflare') return { word: 'runtime' }
  const expected =
    'secret (with HOP_SECRET), private-names (with ALB_HEADER_PREFIX) or network: without it any client could write the headers of ' +
    platform.name
  switch (variables.HOP) {
    case 'network':
      return { word: 'network' }
    case 'private-names':
      if ((variables.ALB_HEADER_PREFIX ?? '').length >= 16) return { word: 'private-names' }
      return faults.add('ALB_HEADER_PREFIX', 'at least 16 characters that clients cannot guess', {
        word: 'private-names',
      })
    case 'secret': {
      // Unset is as wrong as short here, and told in the same words.
      const { HOP_SECRET = '' } = variables
      const secret = readSecret({ HOP_SECRET }, 'HOP_SECRET', faults)
      return { word: 'secret', secret: secret ?? '' }
    }
    default:
      return faults.add('HOP', expected, { word: 'network' })
  }
}

function readPolicy(variables: ListenerVariables, faults: Faults): VerificationPolicy {
  return {
    ...strictPolicy,
    expired: readExpired(variables, faults),
    revocation: {
      of: word(variables, 'REVOCATION_OF', ['chain', 'leaf', 'none'], faults),
      unknown: word(variables, 'REVOCATION_UNKNOWN', ['refuse', 'accept'], faults),
    },
    attested: word(variables, 'ATTESTED', ['refuse', 'accept'], faults),
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

function readSecret(
  variables: ListenerVariables,
  name: 'HOP_SECRET' | 'TARGET_HOP_SECRET',
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
