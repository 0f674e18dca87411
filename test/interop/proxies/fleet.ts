import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { distinguishedName, keyAlgorithm, signingAlgorithm } from '#simulator/ca/hierarchy.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { toPem } from '#simulator/ca/pem.ts'

export const dayMs = 86_400_000

/** What a member shows in the handshake. */
export type Shown = Pick<DeviceCredential, 'keyPem' | 'chainPem'>

/** One who knocks: what it shows, and how the worker has to decide. */
export interface Member {
  readonly name: string
  /** Undefined: no certificate. */
  readonly shown: Shown | undefined
  /** `200`, or the status and the problem's code. */
  readonly decision: string
  /** Of the certificate that the authority issued it; undefined where it issued none. */
  readonly serial: string | undefined
}

/** A small fleet, the authority that knows the truth of it, and what a trust store has to hold. */
export interface Fleet {
  readonly now: Instant
  readonly authority: Authority
  readonly ledger: Ledger
  readonly members: readonly Member[]
  /** The authority's intermediates, and those of the chain that is too long. */
  readonly intermediatesPem: string
  issue(device: string, from: number, to: number): Promise<DeviceCredential>
}

/** @param now the machine's clock: terminators and production workers know no other */
export async function createFleet(now: Instant = instantFromMs(Date.now())): Promise<Fleet> {
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 5, start: now, intermediates: 2, ledger })
  /** Valid from and to so many days from now, by the first authority or the second. */
  const issue = (device: string, from: number, to: number): Promise<DeviceCredential> =>
    authority.issue({
      device,
      kind: 'car',
      notBefore: shift(now, from * dayMs),
      notAfter: shift(now, to * dayMs),
      at: now,
    })
  const { members, intermediates } = await createMembers(authority, now, issue)
  const intermediatesPem = authority.intermediatesPem + intermediates.map(pemOf).join('')
  return { now, authority, ledger, members, intermediatesPem, issue }
}

/** Writes all that the workers decide by, as the authority has it now. */
export async function publishTrust(
  { authority, ledger, intermediatesPem, now }: Fleet,
  put: (name: string, octets: Uint8Array) => Promise<void>,
): Promise<void> {
  await put('anchors.pem', toUtf8(authority.anchorsPem))
  // Most terminators hand over the leaf alone, and all of them on a resumed session.
  await put('intermediates.pem', toUtf8(intermediatesPem))
  // A minute ago: a list must not come from the future.
  const at = shift(now, -60_000)
  for (const { name, issuer, der } of await authority.crls(at, 30 * dayMs)) {
    await put(`crl/${name}`, der)
    ledger.recordPublished(issuer, at)
  }
}

async function createMembers(authority: Authority, now: Instant, issue: Fleet['issue']) {
  const [issuing, lost] = authority.state.hierarchy.intermediates
  if (issuing === undefined || lost === undefined) throw new RangeError('two intermediates')
  const under = async ({ name }: { name: string }, prefix: string, from: number, to: number) => {
    for (let number = 1; ; number += 1) {
      const credential = await issue(`${prefix}-${number}`, from, to)
      if (credential.issuer === name) return credential
    }
  }
  const car = await under(issuing, 'car', -1, 30)
  const meter = await under(issuing, 'meter', -1, 30)
  const revoked = await under(issuing, 'revoked', -1, 30)
  authority.revoke(revoked.serial, shift(now, -dayMs / 2), 'keyCompromise')
  const orphan = await under(lost, 'orphan', -1, 30)
  revokeAuthority(authority, lost.der, shift(now, -dayMs / 2))
  const { device, kind } = { device: 'meter-1', kind: 'meter' }
  const imitated = { device, kind, serial: meter.serial, ...validity(meter) }
  const forged = await authority.forge(imitated)
  const wrong = await generate(
    { subject: 'CN=server-1', usage: ExtendedKeyUsage.serverAuth },
    now,
    {
      subject: distinguishedName(issuing.name),
      key: issuing.signingKey,
    },
  )
  const long = await longChain(now, {
    subject: distinguishedName('root'),
    key: authority.state.hierarchy.root.signingKey,
  })
  const stranger = await longChain(now, undefined, 1)
  const own = await generate({ subject: 'CN=self-signed' }, now, undefined)
  const members: Member[] = [
    of('good car, its leaf alone', { ...car, chainPem: toPem('CERTIFICATE', car.leafDer) }, '200'),
    of('good meter, with its intermediate', meter, '200'),
    of('expired five days ago, inside the grace', await issue('garage-1', -30, -5), '200'),
    of('expired twenty days ago', await issue('garage-2', -30, -20), '403 expired'),
    of('not yet valid', await issue('early-1', 1, 30), '403 not_yet_valid'),
    of('revoked', revoked, '403 revoked'),
    stranded('of a revoked authority', orphan, '403 revoked'),
    of('forged: names, serial and key identifiers of a good one', forged, '403 signature_invalid'),
    unknown('of an unknown authority', stranger, '403 untrusted'),
    unknown('self-signed', [own], '403 untrusted'),
    unknown('for servers, by our authority', [wrong], '403 purpose_forbids'),
    unknown('a chain of nine', long, '403 chain_too_deep'),
    { name: 'no certificate', shown: undefined, decision: '401 no_certificate', serial: undefined },
  ]
  return { members, intermediates: long.slice(1).map(({ certificate }) => certificate) }
}

/** A member with a certificate of the ledger's. */
function of(name: string, credential: DeviceCredential, decision: string): Member {
  return { name, shown: credential, decision, serial: credential.serial }
}

/** One of whose trouble the ledger knows nothing: it knows devices, and no authorities. */
function stranded(name: string, shown: Shown, decision: string): Member {
  return { name, shown, decision, serial: undefined }
}

/** One whose certificate the ledger never saw. */
function unknown(name: string, chain: readonly Made[], decision: string): Member {
  const chainPem = chain.map(({ certificate }) => pemOf(certificate)).join('')
  const shown = { keyPem: chain[0]?.keyPem ?? '', chainPem }
  return { name, shown, decision, serial: undefined }
}

function validity({ notBefore, notAfter }: DeviceCredential) {
  return { notBefore, notAfter }
}

/** The root's next list names the authority itself. */
function revokeAuthority(authority: Authority, der: Bytes, at: Instant): void {
  const { revoked } = authority.state
  const serial = new X509Certificate(der).serialNumber.toUpperCase()
  revoked.set('root', [...(revoked.get('root') ?? []), { serial, at, reason: 'keyCompromise' }])
}

interface Made {
  readonly certificate: X509Certificate
  readonly keyPem: string
  readonly key: webcrypto.CryptoKey
  readonly subject: string
}

interface Signer {
  readonly subject: string
  readonly key: webcrypto.CryptoKey
}

/** A leaf under eight authorities under `root`, or under `count` ones of which the last signed itself. */
async function longChain(now: Instant, root: Signer | undefined, count = 8): Promise<Made[]> {
  const chain: Made[] = []
  let signer = root
  for (let number = 1; number <= count; number += 1) {
    const made = await generate({ subject: `CN=Distant ${count}-${number}`, ca: true }, now, signer)
    chain.unshift(made)
    signer = made
  }
  const leaf = await generate({ subject: `CN=distant-${count}` }, now, signer)
  return [leaf, ...chain]
}

/** A certificate of three months, for client authentication unless another usage is named. */
async function generate(
  wanted: { readonly subject: string; readonly ca?: boolean; readonly usage?: ExtendedKeyUsage },
  now: Instant,
  signer: Signer | undefined,
): Promise<Made> {
  const { subject, ca = false, usage = ExtendedKeyUsage.clientAuth } = wanted
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject,
    issuer: signer?.subject ?? subject,
    notBefore: new Date(shift(now, -dayMs)),
    notAfter: new Date(shift(now, 90 * dayMs)),
    publicKey: keys.publicKey,
    signingKey: signer?.key ?? keys.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(ca, undefined, true),
      ...(ca ? ofAuthority() : ofLeaf(usage)),
    ],
  })
  const keyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certificate, keyPem, key: keys.privateKey, subject }
}

function ofAuthority(): Extension[] {
  return [new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true)]
}

function ofLeaf(usage: ExtendedKeyUsage): Extension[] {
  const signs = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)
  return [signs, new ExtendedKeyUsageExtension([usage])]
}

function pemOf({ rawData }: X509Certificate): string {
  return toPem('CERTIFICATE', new Uint8Array(rawData))
}
