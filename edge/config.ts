import { readRequestAuthentication } from '#shared/authorization/read-request-authentication.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'
import { sessionTtlMaxMs } from '#shared/session/session.ts'
import { albLimits, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { withPeerMode } from './authorization/peer-variables.ts'
import { askProviders, readProviders } from './authorization/providers.ts'
import { readDocuments } from './authorization/read-documents.ts'
import { readPolicies } from './authorization/read-policies.ts'
import { createTokens } from './authorization/tokens.ts'
import { readEnrolment } from './enrollment/settings.ts'
import { importEvidenceRing } from './evidence/keys.ts'
import type { Hop, Listener } from './listener.ts'
import { platformNames, platforms, type PlatformRow } from './platforms/by-name.ts'
import { decidesAnywhere } from './policies/choose.ts'
import { readOwnPolicy, readRoutedPolicies } from './policies/read-policies.ts'
import { readForwarding } from './routing/read-forwarding.ts'
import { duration, Faults, word, type ConfigFault, type ListenerVariables } from './variables.ts'

/** Shorter secrets can be guessed by someone who may ask often. */
const secretLengthMin = 32

/** As many letters, digits and hyphens as nobody finds by trying, one request a name. */
const privateNameLengthMin = 16

/** Reads a listener from a worker's variables: the listener, or every fault in them. */
export async function readListener(
  given: ListenerVariables,
): Promise<Result<Listener, readonly ConfigFault[]>> {
  const faults = new Faults()
  const variables = withPeerMode(given, faults)
  const platform = word(variables, 'PLATFORM', platformNames, faults)
  const row: PlatformRow = platforms[platform]
  const hop = readHop(variables, row, faults)
  const own = readOwnPolicy(variables, faults)
  const paths = readPaths(variables, faults)
  const policies = readRoutedPolicies(variables, paths, faults)
  const decides = decidesAnywhere({ ...own, policies })
  const listener: Listener = {
    platform: row.create(variables, (variable, expected) => {
      faults.add(variable, expected, undefined)
    }),
    hop,
    ...own,
    policies,
    paths,
    limits:
      word(variables, 'LIMITS', ['default', 'alb'], faults) === 'alb' ? albLimits : defaultLimits,
    maxStalenessMs: duration(variables, 'MAX_STALENESS', '5s', faults),
    session: await readSession(variables, faults),
    connectionLog: word(variables, 'CONNECTION_LOG', ['json', 'alb', 'off'], faults),
    metrics: readMetrics(variables, faults),
    tokens: readTokens(variables, faults),
    authorization: readAuthorization(variables, decides, faults),
    evidence: await readEvidence(variables, decides, faults),
    forwarding: readForwarding(variables, platform, faults),
    targetHopSecret: readSecret(variables, 'TARGET_HOP_SECRET', faults),
    enrolment: await readEnrolment(variables, faults),
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

/** Tokens count beside certificates, and where nothing is decided by themselves. */
function readTokens(variables: ListenerVariables, faults: Faults): Listener['tokens'] {
  const { REQUEST_AUTHENTICATION: text } = variables
  if (text === undefined) return undefined
  const name = 'REQUEST_AUTHENTICATION'
  const settings = readDocuments(text, name, readRequestAuthentication)
  if (!settings.ok) {
    faults.addAll(name, settings.error)
    return undefined
  }
  const tokens = createTokens(settings.value.flat())
  return tokens.ok ? tokens.value : faults.add(name, tokens.error, undefined)
}

/** Where nothing is decided no device has a name, and a policy about names would be none. */
function readAuthorization(
  variables: ListenerVariables,
  decides: boolean,
  faults: Faults,
): Listener['authorization'] {
  const { AUTHORIZATION, AUTHORIZATION_PROVIDERS, REQUEST_AUTHENTICATION } = variables
  const providers = readProviders(AUTHORIZATION_PROVIDERS ?? '[]', 'AUTHORIZATION_PROVIDERS')
  if (!providers.ok) {
    faults.addAll('AUTHORIZATION_PROVIDERS', providers.error)
    return undefined
  }
  if (AUTHORIZATION === undefined) return undefined
  if (!decides) return faults.add('AUTHORIZATION', onlyDecided, undefined)
  const answered = {
    tokens: REQUEST_AUTHENTICATION !== undefined,
    providers: providers.value.map(({ name }) => name),
  }
  const policies = readPolicies(AUTHORIZATION, 'AUTHORIZATION', answered)
  if (policies.ok) return { policies: policies.value, ask: askProviders(providers.value) }
  faults.addAll('AUTHORIZATION', policies.error)
  return undefined
}

const onlyDecided = 'none but with MODE verify, of the listener or of one of its POLICIES'

/**
 * The strictest word is the default: what a target makes equal and a policy does not is a way around
 * it. Where nobody asks about paths they go on as they came.
 */
function readPaths(variables: ListenerVariables, faults: Faults): Listener['paths'] {
  const { PATH_NORMALISATION, POLICIES } = variables
  const isAsked = asksOfPaths.some((name) => variables[name] !== undefined)
  if (PATH_NORMALISATION === undefined && !isAsked) return undefined
  const paths = word(variables, 'PATH_NORMALISATION', normalisations, faults)
  if (paths !== 'none' || POLICIES === undefined) return paths
  const expected = 'base, or more: with POLICIES no other spelling of a path may choose a laxer one'
  return faults.add('PATH_NORMALISATION', expected, paths)
}

const asksOfPaths = ['POLICIES', 'AUTHORIZATION', 'ROUTES'] as const

const normalisations = ['decode_and_merge_slashes', 'merge_slashes', 'base', 'none'] as const

/** What is not decided here is not signed here either. */
async function readEvidence(
  variables: ListenerVariables,
  decides: boolean,
  faults: Faults,
): Promise<Listener['evidence']> {
  const { EVIDENCE_KEYS, EVIDENCE_ISSUER: issuer = '' } = variables
  if (EVIDENCE_KEYS === undefined) return undefined
  const ring = await importEvidenceRing(EVIDENCE_KEYS)
  if (!ring.ok)
    return faults.add(
      'EVIDENCE_KEYS',
      `a JWK Set of private Ed25519 keys: ${ring.error}`,
      undefined,
    )
  if (!decides) return faults.add('EVIDENCE_KEYS', onlyDecided, undefined)
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
