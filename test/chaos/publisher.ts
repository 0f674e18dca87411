import { generateKeyPairSync } from 'node:crypto'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { dayMs } from '../runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../shared/crls.ts'
import { context, explicit, integer, sequence } from '../shared/der/writer.ts'
import { createCa, extension, issue, issueCa, type Entity } from '../shared/pki.ts'

/*
 * What OpenSSL and the servers that ask it are given: a root, an issuer below it, a device that is good
 * and one that is revoked, and the lists of both issuers as they should be and as they should not.
 */

const hourMs = 3_600_000
const now = instantFromMs(Date.now())
const times = { notBefore: shift(now, -dayMs), notAfter: shift(now, 30 * dayMs) }

export const root = await createCa({ subject: 'Root', ...times })
export const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...times })

/** A device with its intermediate, as it shows itself. */
export interface ShownDevice {
  readonly cert: string
  readonly key: string
}

/** A certificate, and the key to it as a TLS client takes it. */
async function device(
  serial: number,
  issuer: Entity = issuing,
): Promise<Entity & { readonly shown: ShownDevice }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  // Nothing is signed with a device's key but its own handshakes, which are not made here.
  const keys = { ...issuer.keys, spki }
  const entity = await issue(issuer, { serial: [0x40, serial], keys, ...times })
  const cert = [entity, issuer].map(({ der }) => toPem('CERTIFICATE', der)).join('')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { ...entity, shown: { cert, key } }
}

export const good = await device(1)
export const revoked = await device(2)

const ended = await issueCa(root, {
  subject: 'Ended',
  serial: [0x12],
  ...times,
  notAfter: shift(now, -hourMs),
})
/** Below an intermediate that ended an hour ago. */
export const ofEnded = await device(3, ended)

const nextRoot = await createCa({ subject: 'Root 2', ...times })
/** Of another root, which follows the first. */
export const ofNextRoot = await device(4, nextRoot)

const listed = [entry([0x40, 2])]

const list = (issuer: Entity, overrides: CrlOverrides = {}): Promise<Bytes> =>
  createCrl(issuer, {
    thisUpdate: shift(now, -dayMs),
    nextUpdate: shift(now, dayMs),
    number: 5,
    ...overrides,
  })

/** Of everybody but the issuer: they revoke nobody. */
const others = await Promise.all([root, ended, nextRoot].map((issuer) => list(issuer)))

/** A file of lists, the root's own among them. */
async function fileOf(...lists: readonly CrlOverrides[]): Promise<string> {
  const ders = await Promise.all(lists.map((each) => list(issuing, each)))
  return [...ders, ...others].map(crlPem).join('')
}

export function crlPem(der: Bytes): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n')
}

/** The file of lists in force: the revoked device is on it. */
export const inForce = await fileOf({ entries: listed })

const forger = await issueCa(root, { subject: 'Issuing', ...times })
const delta = { base: extension('2.5.29.27', integer(5), 'critical') }
const point = explicit(0, context(6, toUtf8('http://crl.example/2')))
const elsewhere = { idp: extension('2.5.29.28', sequence(explicit(0, point)), 'critical') }

/** Files of lists with a fault each, by its number: the revoked device is on none that is cut or old. */
export const faults = {
  /** It ended an hour ago, and its publisher made no other. */
  C6: await fileOf({ entries: listed, nextUpdate: shift(now, -hourMs) }),
  C7: {
    page: '<html>503 Service Unavailable</html>\n',
    cut: inForce.slice(0, Math.floor(inForce.length / 3)),
  },
  /** A file, and no list of the issuer in it. */
  C8: await fileOf(),
  /** Signed as it was, before the device was revoked. */
  C9: await fileOf({ number: 4, thisUpdate: shift(now, -2 * dayMs) }),
  C10: await fileOf({ number: 1 }),
  /** Of one instant, the older one first. */
  C11: await fileOf({ number: 4 }, { number: 5, entries: listed }),
  /** A delta over the list beside it, which does not have the device. */
  C13: await fileOf({}, { number: 6, entries: listed, extensions: delta }),
  /** Of a distribution point that no certificate names. */
  C14: await fileOf({ entries: listed, extensions: elsewhere }),
  C16: await fileOf({ number: 6 }),
  C17: await fileOf({ number: 6, signedWith: forger.keys }),
  /** The root revokes the issuer. */
  C18: [
    await list(issuing, { entries: listed }),
    await list(root, { number: 6, entries: [entry([0x11])] }),
  ]
    .map(crlPem)
    .join(''),
} as const

export const anchorsPem = toPem('CERTIFICATE', root.der)
export const bothAnchorsPem = anchorsPem + toPem('CERTIFICATE', nextRoot.der)
