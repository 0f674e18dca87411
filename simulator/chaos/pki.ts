import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { instantFromMs, shift, type Clock, type Instant } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '../ca/authority.ts'
import {
  distinguishedName,
  keyAlgorithm,
  signingAlgorithm,
  toCa,
  type Ca,
} from '../ca/hierarchy.ts'
import { keyIdOf } from '../ca/identifiers.ts'
import { createLeaf } from '../ca/leaf.ts'
import { Ledger } from '../ca/ledger.ts'
import { toPem } from '../ca/pem.ts'
import { privateKeyPem } from '../ca/server-credential.ts'
import type { PublishedList } from '../gateways/gateway.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** What a device shows in the handshake. */
export type Shown = Pick<DeviceCredential, 'keyPem' | 'chainPem'>

/** The authority of a run of faults, and the certificates that it does not issue. */
export interface ChaosPki {
  readonly clock: Clock
  readonly authority: Authority
  /** The authority that signs devices. */
  readonly issuing: Ca
  readonly root: Ca
  /** A device of its own each time, valid from and to so many milliseconds from now. */
  issue(fromMs: number, toMs: number): Promise<DeviceCredential>
  revoke(device: DeviceCredential): void
  /** The root's next list names the authority that signs devices. */
  revokeIssuing(): void
  /**
   * New lists of every authority, each call's a minute younger than those before, and none from the
   * future. `ended`: their nextUpdate was an hour ago.
   */
  lists(state?: 'current' | 'ended'): Promise<readonly PublishedList[]>
  /** A device of an authority that nobody trusts. */
  stranger(): Promise<Shown>
  /** A certificate for servers alone, by our authority (RFC 5280 4.2.1.12). */
  forServers(): Promise<Shown>
}

/** So that a hundred lists, a minute apart, are of the past, and can have ended an hour ago. */
const firstListAgoMs = 4 * hourMs

/** @param clock the machine's: TLS servers know no other */
export async function createChaosPki(clock: Clock, seed: number): Promise<ChaosPki> {
  const start = clock.now()
  const ledger = new Ledger()
  const authority = await createAuthority({ seed, start, intermediates: 1, ledger })
  const { root, intermediates } = authority.state.hierarchy
  const [issuing] = intermediates
  if (issuing === undefined) throw new RangeError('no intermediate')
  let devices = 0
  let published = 0
  return {
    clock,
    authority,
    issuing,
    root,
    issue(fromMs, toMs) {
      devices += 1
      const now = clock.now()
      const bounds = { notBefore: shift(now, fromMs), notAfter: shift(now, toMs) }
      return authority.issue({ device: `car-${devices}`, kind: 'car', at: now, ...bounds })
    },
    revoke: ({ serial }) => authority.revoke(serial, shift(clock.now(), -1000), 'keyCompromise'),
    revokeIssuing() {
      const serial = new X509Certificate(issuing.der).serialNumber.toUpperCase()
      const at = shift(clock.now(), -1000)
      authority.state.revoked.set(root.name, [{ serial, at, reason: 'keyCompromise' }])
    },
    async lists(state = 'current') {
      published += 1
      const at = shift(start, published * 60_000 - firstListAgoMs)
      const until = shift(clock.now(), state === 'ended' ? -hourMs : 30 * dayMs)
      const lists = await authority.crls(at, until - at)
      return lists.map(({ name, der }) => ({ name, der }))
    },
    stranger: () => createStranger(clock.now()),
    forServers: () => createForServers(issuing, clock.now()),
  }
}

/** The end of a certificate's validity in whole seconds, as its holder finds it. */
export function endOf({ notAfter }: DeviceCredential): Instant {
  return instantFromMs(Math.floor(notAfter / 1000) * 1000)
}

async function createStranger(now: Instant): Promise<Shown> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const subject = distinguishedName('elsewhere')
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '51',
    subject,
    issuer: subject,
    ...validity(now),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  })
  const keyId = keyIdOf(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const ca = toCa('elsewhere', certificate, keyId, keys.privateKey)
  const { keyPem, der } = await createLeaf(ca, {
    device: 'stranger',
    kind: 'car',
    serial: Uint8Array.of(0x52),
    notBefore: shift(now, -hourMs),
    notAfter: shift(now, dayMs),
  })
  return { keyPem, chainPem: toPem('CERTIFICATE', der) + toPem('CERTIFICATE', ca.der) }
}

async function createForServers(issuing: Ca, now: Instant): Promise<Shown> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '53',
    subject: 'CN=server-1',
    issuer: distinguishedName(issuing.name),
    ...validity(now),
    publicKey: keys.publicKey,
    signingKey: issuing.signingKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ],
  })
  const leaf = toPem('CERTIFICATE', new Uint8Array(certificate.rawData))
  return {
    keyPem: privateKeyPem(keys.privateKey),
    chainPem: leaf + toPem('CERTIFICATE', issuing.der),
  }
}

function validity(now: Instant): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(shift(now, -hourMs)), notAfter: new Date(shift(now, dayMs)) }
}
