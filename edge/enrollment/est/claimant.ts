import { equalBytes, fromBase64, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { moreTelling } from '#shared/verdict/rejection.ts'
import { verify } from '#shared/verify.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { Ports } from '../../context.ts'
import { issuerKeyIdOf } from '../registry/certificates.ts'
import type { Claimant } from '../registry/registry.ts'
import type { EnrolmentLabel } from '../label-settings.ts'
import type { EstRefusal } from './answers.ts'
import { factoryStore, ownStore } from './claimant-stores.ts'
import { certificatesOfToken, readProof } from './proof.ts'

/** Who asks, as far as can be told without the registry. */
export interface Identified {
  readonly claimant: Claimant
  /** What was verified; undefined where a token speaks for the device. */
  readonly certificate: Certificate | undefined
  /** RFC 7617: the user beside a one-time token; undefined where none was said. */
  readonly user: string | undefined
}

/** What is known of a request for a certificate before anybody is believed. */
export interface Asking {
  readonly operation: 'simpleenroll' | 'simplereenroll'
  readonly presented: Presented
  /** RFC 9110 11.6.2. */
  readonly authorization: string | null
  /** DER of the certification request. */
  readonly request: Bytes
  /** Path of the address that was asked. */
  readonly path: string
}

export interface Identifying {
  readonly label: EnrolmentLabel
  /** Of the listener: what a factory's certificate is held against. */
  readonly policy: VerificationPolicy
  readonly ports: Pick<Ports, 'clock' | 'verifier' | 'crls' | 'trustStore'>
  /** Told of the decision on a certificate. */
  readonly decided: (decision: Decision) => void
}

/**
 * Authenticates a device (RFC 7030 3.2.3, 3.3.2). A one-time token counts for a first certificate; a
 * renewal is asked for with the certificate that is renewed: in the handshake, or, where it has expired
 * and TLS refuses it, by a token that its key signed.
 */
export async function identify(
  asking: Asking,
  identifying: Identifying,
): Promise<Result<Identified, EstRefusal>> {
  const credential = readCredential(asking.authorization)
  if (!credential.ok) return credential
  if (asking.operation === 'simpleenroll' && credential.value !== undefined) {
    const { secret, user } = credential.value
    const secretSha256 = await sha256(toUtf8(secret))
    return ok({ claimant: { kind: 'claim', secretSha256 }, certificate: undefined, user })
  }
  const presented = await presentedBy(asking, credential.value?.secret, identifying)
  return presented.ok ? identifyCertificate(presented.value, asking, identifying) : presented
}

interface Credential {
  readonly secret: string
  readonly user: string | undefined
}

/** Of Basic (RFC 7617) the password is the token; Bearer (RFC 6750) is the token alone. */
function readCredential(text: string | null): Result<Credential | undefined, EstRefusal> {
  const [, scheme = '', value = ''] = /^(basic|bearer) +(\S{1,8192})$/i.exec(text ?? '') ?? []
  if (scheme === '') return ok(undefined)
  if (scheme.toLowerCase() === 'bearer') return ok({ secret: value, user: undefined })
  const octets = fromBase64(value)
  const pair = octets === undefined ? '' : new TextDecoder().decode(octets)
  const colon = pair.indexOf(':')
  if (colon === -1 || colon + 1 === pair.length) {
    return err(unauthorized('credential_malformed', 'Basic has to be base64 of device:token'))
  }
  return ok({ user: pair.slice(0, colon), secret: pair.slice(colon + 1) })
}

async function presentedBy(
  { operation, presented, request, path }: Asking,
  token: string | undefined,
  { ports }: Identifying,
): Promise<Result<Presented, EstRefusal>> {
  const certificates = token === undefined ? undefined : certificatesOfToken(token)
  if (operation === 'simpleenroll' || token === undefined || certificates === undefined) {
    return ok(presented)
  }
  // Two words on who asks: neither is taken.
  if (presented.kind !== 'none') {
    return err(unauthorized('proof_refused', 'a token of a certificate goes without one in TLS'))
  }
  const wanted = { path, request, now: ports.clock.now() }
  const proof = await readProof(token, certificates, wanted)
  return proof.ok ? proof : err(unauthorized('proof_refused', proof.error))
}

async function identifyCertificate(
  presented: Presented,
  { operation }: Asking,
  identifying: Identifying,
): Promise<Result<Identified, EstRefusal>> {
  const { label, ports, policy, decided } = identifying
  const held = await ports.trustStore.current()
  const { clock, verifier, crls } = ports
  const common = { now: clock.now(), verifier, crls }
  const own = await verify(presented, {
    ...common,
    store: await ownStore(label, held),
    policy: ownPolicy(policy, operation),
  })
  const path = pathOf(own)
  if (path !== undefined && isOwn(path, label)) {
    decided(own)
    const [leaf] = path.certificates
    const claimant = {
      kind: 'own_certificate',
      issuerKeyId: issuerKeyIdOf(leaf),
      serial: albSerial(leaf.serial),
    } as const
    return ok({ claimant, certificate: leaf, user: undefined })
  }
  const factory = await verify(presented, {
    ...common,
    store: await factoryStore(label, held),
    policy: factoryPolicy(policy, label),
  })
  return identifyFactory(own, factory, operation, { label, decided })
}

function identifyFactory(
  own: Decision,
  factory: Decision,
  operation: Asking['operation'],
  { label, decided }: Pick<Identifying, 'label' | 'decided'>,
): Promise<Result<Identified, EstRefusal>> | Result<Identified, EstRefusal> {
  const path = pathOf(factory)
  // A certificate of ours that was refused as such is nobody's factory certificate.
  if (path === undefined || isOwn(path, label)) {
    const refused = toldOf(own, factory)
    decided(refused)
    return err(refusalOf(refused))
  }
  decided(factory)
  if (operation === 'simplereenroll') {
    const because = 'simplereenroll renews certificates of this CA: a first one is simpleenroll'
    return err({ status: 403, code: 'certificate_unknown', because })
  }
  return factoryClaimant(path)
}

async function factoryClaimant(path: VerifiedPath): Promise<Result<Identified, EstRefusal>> {
  const [leaf] = path.certificates
  const [leafSha256, cas] = [await sha256(leaf.der), await keysAbove(path)]
  const claimant = { kind: 'factory_certificate', leafSha256, cas } as const
  return ok({ claimant, certificate: leaf, user: undefined })
}

/** SHA-256 (hex) of the keys of a path's CAs, the leaf's issuer first, the anchor last: as a registry's rules know them. */
export async function keysAbove(path: VerifiedPath): Promise<readonly string[]> {
  const [, ...issuers] = path.certificates
  const keys = [...issuers.map(({ spki }) => spki), path.anchor.spki]
  return [...new Set(await Promise.all(keys.map(sha256)))]
}

const pathOf = (decision: Decision): VerifiedPath | undefined =>
  decision.outcome === 'accepted' && decision.basis.kind === 'path'
    ? decision.basis.path
    : undefined

/** Signed by a key of the label's CA itself, whatever stands above it. */
function isOwn({ certificates, anchor }: VerifiedPath, { ca }: EnrolmentLabel): boolean {
  const issuer = certificates[1]?.spki ?? anchor.spki
  return ca.certificates.some(({ spki }) => equalBytes(spki, issuer))
}

/** Refusals of both; the one that came further. */
function toldOf(own: Decision, factory: Decision): Decision {
  if (own.outcome === 'accepted') return factory
  if (factory.outcome === 'accepted') return own
  return moreTelling(own.rejection, factory.rejection) === own.rejection ? own : factory
}

function refusalOf(decision: Decision): EstRefusal {
  const code = decision.outcome === 'refused' ? decision.rejection.code : 'untrusted'
  if (code === 'no_certificate') {
    return unauthorized(code, 'a client certificate or a one-time token is required')
  }
  return { status: 403, code, because: 'the client certificate is not accepted for enrollment' }
}

const unauthorized = (code: string, because: string): EstRefusal => ({ status: 401, code, because })

const sha256 = async (octets: Bytes): Promise<string> =>
  toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))

/** Whether one is revoked the registry knows: entries of lists end with the certificate, and it renews after that. */
function ownPolicy(policy: VerificationPolicy, operation: Asking['operation']): VerificationPolicy {
  const freshness = { graceMs: 0, stale: 'accept', absent: 'accept' } as const
  return {
    ...policy,
    attested: 'refuse',
    // How long after its end a certificate renews itself is the registry's to say.
    expired: { word: operation === 'simplereenroll' ? 'allow' : 'refuse' },
    revocation: { of: 'leaf', freshness },
  }
}

function factoryPolicy(
  policy: VerificationPolicy,
  { factoryCrlAbsent }: EnrolmentLabel,
): VerificationPolicy {
  const freshness = { graceMs: 0, stale: 'refuse', absent: factoryCrlAbsent } as const
  return {
    ...policy,
    attested: 'refuse',
    expired: { word: 'refuse' },
    revocation: { of: 'chain', freshness },
  }
}
