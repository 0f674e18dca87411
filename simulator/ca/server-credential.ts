import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Instant } from '#shared/time.ts'
import { keyAlgorithm, signingAlgorithm } from './hierarchy.ts'
import { toPem } from './pem.ts'

/** What a TLS listener on loopback needs, and what its clients must trust. */
export interface ServerCredential {
  /** PKCS#8. */
  readonly keyPem: string
  readonly certPem: string
  /** The root `front`, which signs nothing else: its key is thrown away. */
  readonly caPem: string
}

/** Names that a listener on loopback is called by. */
const names = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const

/**
 * A server certificate for localhost under a small root of its own. The bounds are instants of the
 * real clock: TLS stacks check the server by theirs, whatever the simulated time is.
 */
export async function createServerCredential(validity: {
  readonly notBefore: Instant
  readonly notAfter: Instant
}): Promise<ServerCredential> {
  const dated = { notBefore: new Date(validity.notBefore), notAfter: new Date(validity.notAfter) }
  const rootKeys = await generateKeys()
  const keys = await generateKeys()
  const common = { issuer: 'CN=front', signingKey: rootKeys.privateKey, signingAlgorithm, ...dated }
  const root = await X509CertificateGenerator.create({
    ...common,
    subject: 'CN=front',
    publicKey: rootKeys.publicKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  })
  const leaf = await X509CertificateGenerator.create({
    ...common,
    subject: 'CN=localhost',
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([...names]),
    ],
  })
  return {
    keyPem: privateKeyPem(keys.privateKey),
    certPem: toPem('CERTIFICATE', new Uint8Array(leaf.rawData)),
    caPem: toPem('CERTIFICATE', new Uint8Array(root.rawData)),
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
}

/** PKCS#8 PEM of an extractable private key. */
export function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
}
