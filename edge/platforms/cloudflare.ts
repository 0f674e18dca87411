import type { Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { WireFault } from '#shared/wire/fault.ts'
import { readClientCert, readClientCertChain } from '#shared/wire/rfc9440.ts'
import type { Platform, PlatformRequest } from './platform.ts'

type Fields = Readonly<Record<string, unknown>>
type Malformed = Extract<Presented, { kind: 'malformed' }>

/**
 * Cloudflare Workers: the facts lie in `request.cf.tlsClientAuth`, out of reach of the client. They
 * come whatever Cloudflare thinks of the certificate, so its bytes are read and `certVerified` is
 * not; but `certRevoked` is kept as evidence, for Cloudflare revokes certificates of its own CA in
 * no CRL that we see.
 *
 * @param ownHeaders lower-case names that the zone's Transform Rules set (they run before the
 *   Worker), such as `managedTransformHeaders`; none by default
 */
export function cloudflarePlatform(ownHeaders: readonly string[] = []): Platform {
  return { name: 'cloudflare', ownHeaders, read: readCloudflare }
}

/** What the Managed Transform "Add TLS client auth headers" sets, when a zone has it on. */
export const managedTransformHeaders: readonly string[] = [
  'revoked',
  'verified',
  'presented',
  'issuer-dn',
  'subject-dn',
  'issuer-dn-rfc2253',
  'subject-dn-rfc2253',
  'issuer-dn-legacy',
  'subject-dn-legacy',
  'serial',
  'issuer-serial',
  'fingerprint-sha256',
  'fingerprint-sha1',
  'not-before',
  'not-after',
  'issuer-ski',
  'ski',
].map((name) => `cf-cert-${name}`)

/** `cf` and the object in it may be missing (dashboard preview, no mutual TLS on the zone): none. */
function readCloudflare({ cf }: PlatformRequest): Presented {
  if (cf === undefined || cf === null) return { kind: 'none' }
  if (!isFields(cf)) return { kind: 'malformed', field: 'cf', expected: 'an object' }
  const facts = cf['tlsClientAuth']
  if (facts === undefined || facts === null) return { kind: 'none' }
  return isFields(facts) ? readFacts(facts) : malformed('', 'an object')
}

/**
 * Flags are the strings `"0"` and `"1"`, both of which are truthy: each is compared, and any other
 * value is a fault. The placeholder of a connection without a certificate says "0" and "".
 */
function readFacts(facts: Fields): Presented {
  const presented = facts['certPresented']
  const revoked = facts['certRevoked']
  if (revoked !== '0' && revoked !== '1') return malformed('certRevoked', '"0" or "1"')
  if (presented === '1') return readBytes(facts, revoked === '1')
  if (presented !== '0') return malformed('certPresented', '"0" or "1"')
  const saysOtherwise = revoked === '1' || (facts['certRFC9440'] ?? '') !== ''
  return saysOtherwise ? malformed('certPresented', '"1" beside a certificate') : { kind: 'none' }
}

function readBytes(facts: Fields, revoked: boolean): Presented {
  const odd = oddShape(facts)
  if (odd !== undefined) return odd
  if (facts['certRFC9440TooLarge'] === true) return { kind: 'withheld', what: 'leaf' }
  const leaf = readClientCert(String(facts['certRFC9440']))
  if (!leaf.ok) return malformed('certRFC9440', leaf.error.expected)
  if (facts['certChainRFC9440TooLarge'] === true) return { kind: 'withheld', what: 'chain' }
  const intermediates = readClientCertChain(String(facts['certChainRFC9440']))
  return chain(leaf.value, intermediates, revoked)
}

function chain(
  leaf: Bytes,
  intermediates: Result<Bytes[], WireFault>,
  revoked: boolean,
): Presented {
  if (!intermediates.ok) return malformed('certChainRFC9440', intermediates.error.expected)
  const presented = { kind: 'chain', leaf, intermediates: intermediates.value } as const
  return revoked ? { ...presented, platformSaysRevoked: true } : presented
}

/** Texts that are no strings, and flags that are no booleans, of a certificate that was presented. */
function oddShape(facts: Fields): Malformed | undefined {
  for (const name of ['certRFC9440', 'certChainRFC9440']) {
    if (typeof facts[name] !== 'string') return malformed(name, 'a string')
  }
  for (const name of ['certRFC9440TooLarge', 'certChainRFC9440TooLarge']) {
    if (typeof facts[name] !== 'boolean') return malformed(name, 'a boolean')
  }
  return undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(name: string, expected: string): Malformed {
  const field = name === '' ? 'cf.tlsClientAuth' : `cf.tlsClientAuth.${name}`
  return { kind: 'malformed', field, expected }
}
