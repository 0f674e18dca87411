import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { Bytes } from '#shared/bytes.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const notBefore = new Date('2026-01-01T00:00:00Z')
const notAfter = new Date('2046-03-01T13:35:00Z')

/** A certificate with its key, for tests only: keys are drawn anew in each run. */
export interface TestCredential {
  readonly der: Bytes
  readonly certPem: string
  readonly keyPem: string
  readonly keys: webcrypto.CryptoKeyPair
  readonly certificate: x509.X509Certificate
}

interface TestSubject {
  readonly subject: string
  readonly serial: string
  /** Host names of a server. */
  readonly dns?: readonly string[]
  readonly ca?: boolean
}

/** A certificate for `subject`, signed by `issuer` or by itself. */
async function issue(
  { subject, serial, dns, ca = false }: TestSubject,
  issuer?: TestCredential,
): Promise<TestCredential> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const signingKeys = issuer?.keys ?? keys
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: signingKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(ca, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signingKeys.publicKey),
      ...(dns ? [new x509.SubjectAlternativeNameExtension(dns.map(dnsName))] : []),
    ],
  })
  const keyDer = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    der: new Uint8Array(certificate.rawData),
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(keyDer, 'PRIVATE KEY')}\n`,
    keys,
    certificate,
  }
}

function dnsName(value: string): { type: 'dns'; value: string } {
  return { type: 'dns', value }
}

export const serverName = 'edge.sallyport.test'

/** What the tests of front and client share: a server, and a device under an issuing CA. */
export interface TestWorld {
  readonly root: TestCredential
  readonly issuing: TestCredential
  /** Related to nothing: a distractor in chains. */
  readonly unrelated: TestCredential
  readonly device: TestCredential
  readonly server: TestCredential
}

export async function createTestWorld(): Promise<TestWorld> {
  const root = await issue({ subject: 'CN=Test Root,O=Sallyport', serial: '01', ca: true })
  const issuing = await issue(
    { subject: 'CN=Test Issuing,O=Sallyport', serial: '0a', ca: true },
    root,
  )
  const unrelated = await issue({ subject: 'CN=Unrelated', serial: '77', ca: true })
  const device = await issue(
    { subject: 'C=DE,O=Z\u00e4hler\\, GmbH,CN=meter-0001', serial: '00d2ab' },
    issuing,
  )
  const server = await issue({ subject: `CN=${serverName}`, serial: '02', dns: [serverName] }, root)
  return { root, issuing, unrelated, device, server }
}
