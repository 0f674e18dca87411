import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
// oxlint-disable-next-line import/no-unassigned-import -- what @peculiar/x509 asks for
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { Bytes } from '#shared/bytes.ts'

const run = promisify(execFile)

/** Makes the request of a device, the number of which says which of the usual forms it has. */
export type MakeRequest = (number: number, directory: string) => Promise<Bytes>

/** Other people's programs that make requests as devices do. */
export const makers: Readonly<Record<string, MakeRequest>> = {
  openssl: byOpenssl,
  '@peculiar/x509': byPeculiar,
  'strongSwan pki': byStrongSwan,
}

const opensslKeys = [
  ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ['-newkey', 'ed25519'],
  ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ['-newkey', 'rsa:2048'],
]

const opensslForms = [
  (device: string) => ['-subj', `/CN=${device}`],
  (device: string) => ['-subj', `/C=DE/O=Zähler AG/CN=${device}`, '-utf8'],
  (device: string) => [
    '-subj',
    `/O=Acme/OU=Line 4/CN=${device}/serialNumber=SN-${device}`,
    '-addext',
    `subjectAltName=DNS:${device}.fleet.example,URI:spiffe://fleet.example/${device}`,
  ],
  (device: string) => ['-subj', `/CN=${device}`, ...wishes],
]

const wishes = [
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth,serverAuth',
  'basicConstraints=critical,CA:FALSE',
  'subjectAltName=IP:10.0.0.1,IP:fe80::1',
].flatMap((wish) => ['-addext', wish])

async function byOpenssl(number: number): Promise<Bytes> {
  const device = `openssl-${number}`
  const key = opensslKeys[number % opensslKeys.length] ?? []
  const form = opensslForms[number % opensslForms.length]?.(device) ?? []
  const target = ['-nodes', '-keyout', '/dev/null', '-outform', 'DER']
  const request = await run('openssl', ['req', '-new', ...key, ...form, ...target], binary)
  return new Uint8Array(request.stdout)
}

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
}

async function byPeculiar(number: number): Promise<Bytes> {
  const algorithm = number % 5 === 4 ? rsa : p256
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error('expected a pair of keys')
  const device = `peculiar-${number}`
  const extensions =
    number % 2 === 0
      ? []
      : [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: `${device}.fleet.example` },
            { type: 'url', value: `urn:dev:${device}` },
          ]),
        ]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: number % 3 === 0 ? `CN=${device}, O=Acme` : `CN=${device}`,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  })
  return new Uint8Array(request.rawData)
}

async function byStrongSwan(number: number, directory: string): Promise<Bytes> {
  const device = `strongswan-${number}`
  const key = join(directory, `strongswan-${number}.key`)
  const [type, size] =
    number % 5 === 4 ? ['rsa', '2048'] : ['ecdsa', number % 2 === 0 ? '256' : '384']
  const generated = await run('pki', ['--gen', '--type', type, '--size', size], binary)
  await writeFile(key, generated.stdout)
  const names = number % 3 === 0 ? ['--san', `${device}.fleet.example`] : []
  const dn = number % 2 === 0 ? `CN=${device}` : `C=DE, O=Acme, CN=${device}`
  const request = await run(
    'pki',
    ['--req', '--type', type, '--in', key, '--dn', dn, '--digest', 'sha256', ...names],
    binary,
  )
  await rm(key)
  return new Uint8Array(request.stdout)
}

const binary = { encoding: 'buffer', maxBuffer: 1024 * 1024 } as const
