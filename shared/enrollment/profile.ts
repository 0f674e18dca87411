import type { CheckCode } from './catalogue.ts'
import type { Severity } from './finding.ts'
import type { NameForm } from '#shared/x509/general-name.ts'

/**
 * What a device's request, certificate and chain have to be: a plain value, so that it may come from
 * a file. Where a profile says nothing, `device` does.
 */
export interface DeviceProfile {
  readonly name: string
  /** What it is for, in one line. */
  readonly about: string
  readonly identity: IdentityRule
  readonly keys: KeyRule
  readonly names: NamesRule
  readonly purposes: PurposesRule
  readonly validity: ValidityRule
  readonly chain: ChainRule
  /** How long devices are to be in use, against which issuers' ends are held; undefined: nobody asks. */
  readonly serviceLifeMs: number | undefined
  /** Rules of a document that others do not have. */
  readonly families: readonly Family[]
  /** Other severities than the catalogue's; `off` finds nothing. */
  readonly severities: Readonly<Partial<Record<CheckCode, Severity | 'off'>>>
}

export type Family = 'alb' | 'idevid' | 'svid' | 'ocpp' | 'matter'

/** Where the device's identifier stands, and how it is written. */
export interface IdentityRule {
  /** Places in order: the first that is there tells it. */
  readonly from: readonly IdentityPlace[]
  /** What stands before and behind the identifier at its place: `spiffe://example.org/device/`. */
  readonly prefix: string
  readonly suffix: string
  /** Characters of an identifier (X.520 bounds a common name to 64). */
  readonly lengthMax: number
  readonly alphabet: Alphabet
  /** Where a device identifier must be found at all. */
  readonly presence: 'required' | 'optional'
}

export type IdentityPlace = 'commonName' | 'serialNumber' | 'uri' | 'dns'

/** `registration`: letters, digits and `-._:`, the last one a letter, a digit or `-` (Azure DPS). */
export type Alphabet = 'registration' | 'printable' | 'any'

export interface KeyRule {
  readonly kinds: readonly KeyKindName[]
  /** Bits of an RSA modulus. */
  readonly rsaBitsMin: number
  readonly rsaBitsMax: number
}

export type KeyKindName = 'P-256' | 'P-384' | 'P-521' | 'Ed25519' | 'RSA'

export interface NamesRule {
  /** Forms that subjectAltName may have. */
  readonly forms: readonly NameForm[]
  readonly altNamesMax: number
  /** The organizationName that the subject must have; undefined: any or none. */
  readonly organization: string | undefined
  /** The trust domain of SPIFFE IDs; undefined: any. */
  readonly trustDomain: string | undefined
}

/** Dotted identifiers of extended key usages. */
export interface PurposesRule {
  /** In a certificate that restricts its purposes. */
  readonly required: readonly string[]
  readonly allowed: readonly string[]
}

export interface ValidityRule {
  /** The longest life of a device's certificate. */
  readonly lifetimeMaxMs: number
  /** How far ahead a CA's clock may go before its certificates come from the future. */
  readonly skewMs: number
  /** `99991231235959Z`: no well-defined end (RFC 5280 4.1.2.5). */
  readonly noEnd: 'refuse' | 'accept'
  /** A certificate that lives no longer needs no place to ask for revocation. */
  readonly shortLivedMs: number
}

export interface ChainRule {
  /** Certificates from the leaf to whatever ends the chain, both counted. */
  readonly lengthMin: number
  readonly lengthMax: number
  /**
   * The instant that validity is asked for: now, or when the leaf began, so that a factory's
   * intermediate may end before its devices do (Matter Core 6.2.3.1).
   */
  readonly at: 'now' | 'leafNotBefore'
  /** Whether a leaf may outlive its issuer: it may where `at` is the leaf's own beginning. */
  readonly nesting: 'required' | 'optional'
}

export const clientAuth = '1.3.6.1.5.5.7.3.2'
export const serverAuth = '1.3.6.1.5.5.7.3.1'

const dayMs = 86_400_000
const yearMs = 365.25 * dayMs

/** Any fleet behind a relying party of this core: what is asked of every device. */
const device: DeviceProfile = {
  name: 'device',
  about: 'a device that authenticates itself over mutual TLS',
  identity: {
    from: ['commonName', 'serialNumber', 'uri', 'dns'],
    prefix: '',
    suffix: '',
    lengthMax: 255,
    alphabet: 'any',
    presence: 'required',
  },
  keys: {
    kinds: ['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA'],
    rsaBitsMin: 2048,
    // ALB's documentation, and SPIRE's x509pop: more only costs the verifier.
    rsaBitsMax: 8192,
  },
  names: {
    forms: ['dns', 'uri', 'ip', 'otherName', 'directory'],
    // A device has a name or two; room for a gateway with its interfaces.
    altNamesMax: 32,
    organization: undefined,
    trustDomain: undefined,
  },
  purposes: { required: [clientAuth], allowed: [clientAuth, serverAuth] },
  validity: {
    // Chromecast: ten years were too short for the issuer, and are as long as a device's may be.
    lifetimeMaxMs: 10 * yearMs,
    skewMs: 300_000,
    noEnd: 'refuse',
    // CA/Browser Forum BR 1.6.1: short-lived is up to seven days since 2026-03-15.
    shortLivedMs: 7 * dayMs,
  },
  // ALB: depth of four; the leaf comes before its intermediates and the root.
  chain: { lengthMin: 1, lengthMax: 5, at: 'now', nesting: 'required' },
  serviceLifeMs: undefined,
  families: ['alb'],
  severities: {},
}

const noLimitMs = Number.POSITIVE_INFINITY

const idevid: DeviceProfile = {
  ...device,
  name: 'idevid',
  about: 'a factory identity, written once (IEEE 802.1AR IDevID)',
  identity: { ...device.identity, from: ['serialNumber'] },
  validity: { ...device.validity, lifetimeMaxMs: noLimitMs, noEnd: 'accept' },
  // It outlives its issuers: RFC 8995 2.3, and the reason why attestation is asked as of its beginning.
  chain: { ...device.chain, at: 'leafNotBefore', nesting: 'optional' },
  families: ['idevid'],
  // IEEE 802.1AR-2018 8.10 leaves extended key usage out; a factory's CA keeps no CRL.
  severities: { 'cert.ekuAbsent': 'off', 'cert.revocation': 'info' },
}

const ldevid: DeviceProfile = {
  ...device,
  name: 'ldevid',
  about: 'a local identity that is renewed (IEEE 802.1AR LDevID)',
  identity: { ...device.identity, from: ['serialNumber', 'commonName'] },
  validity: { ...device.validity, lifetimeMaxMs: 3 * yearMs },
}

const spiffe: DeviceProfile = {
  ...device,
  name: 'spiffe',
  about: 'an X509-SVID (SPIFFE)',
  identity: {
    from: ['uri'],
    prefix: '',
    suffix: '',
    lengthMax: 2048,
    alphabet: 'any',
    presence: 'required',
  },
  names: { ...device.names, forms: ['uri', 'dns', 'ip'] },
  validity: { ...device.validity, lifetimeMaxMs: 30 * dayMs },
  families: ['svid', 'alb'],
  // SPIFFE X509-SVID 4.4: extKeyUsage may be left out; revocation is short lives.
  severities: { 'cert.ekuAbsent': 'off', 'cert.revocation': 'info' },
}

const ocppCs: DeviceProfile = {
  ...device,
  name: 'ocpp-cs',
  about: 'a charging station (OCPP 1.6-security, 2.0.1 security profile 3)',
  identity: { ...device.identity, from: ['commonName'], lengthMax: 64 },
  names: { ...device.names, forms: ['dns', 'uri', 'ip'] },
  validity: { ...device.validity, lifetimeMaxMs: 3 * yearMs },
  families: ['ocpp', 'alb'],
}

const matterDac: DeviceProfile = {
  ...device,
  name: 'matter-dac',
  about: 'a Matter device attestation certificate',
  identity: { ...device.identity, from: ['commonName'], presence: 'optional' },
  keys: { ...device.keys, kinds: ['P-256'] },
  purposes: { required: [], allowed: [clientAuth, serverAuth] },
  validity: { ...device.validity, lifetimeMaxMs: noLimitMs, noEnd: 'accept' },
  chain: { lengthMin: 3, lengthMax: 3, at: 'leafNotBefore', nesting: 'optional' },
  families: ['matter'],
  severities: { 'cert.ekuAbsent': 'off', 'cert.revocation': 'info', 'chain.root': 'off' },
}

/** The profiles that this project brings, by name. */
export const profiles = {
  device,
  idevid,
  ldevid,
  spiffe,
  'ocpp-cs': ocppCs,
  'matter-dac': matterDac,
} as const satisfies Readonly<Record<string, DeviceProfile>>

export type ProfileName = keyof typeof profiles
