import type { X509Certificate } from '@peculiar/x509'
import { CertificateChainValidationEngine } from 'pkijs'
import type { Bytes } from '#shared/bytes.ts'
import {
  awaited,
  benchNow,
  expectTrue,
  octetsOf,
  type Fixture,
  type Operation,
} from './operation.ts'
import { readPeculiar, readPeculiarCrl, readPkijs, readPkijsCrl } from './peers.ts'

/** `cold`: leaf and intermediate are read and verified. `known`: the leaf alone is. */
export type ChainKind = 'cold' | 'known'

const date = new Date(benchNow)

/**
 * @peculiar/x509 has no path validation of RFC 5280: this is the least one has to do with it,
 * signature, dates and revocation, issuers and their imported keys given.
 */
export async function peculiarChain(fixture: Fixture, kind: ChainKind): Promise<Operation> {
  const root = readPeculiar(octetsOf(fixture, 'root'))
  const rootKey = await root.publicKey.export()
  const rootCrl = readPeculiarCrl(octetsOf(fixture, 'rootCrl'))
  const crl = readPeculiarCrl(octetsOf(fixture, 'crl'))
  const known = readPeculiar(octetsOf(fixture, 'intermediate'))
  const knownKey = await known.publicKey.export()
  return awaited('@peculiar/x509', async (nth) => {
    let issuerKey = knownKey
    if (kind === 'cold') {
      const intermediate = readPeculiar(octetsOf(fixture, 'intermediate'))
      await expectSigned(intermediate, rootKey)
      expectTrue(rootCrl.findRevoked(intermediate) === null, '@peculiar/x509 CRL')
      issuerKey = await intermediate.publicKey.export()
    }
    const leaf = readPeculiar(leafOf(fixture, nth))
    await expectSigned(leaf, issuerKey)
    expectTrue(crl.findRevoked(leaf) === null, '@peculiar/x509 CRL')
  })
}

type Key = Awaited<ReturnType<X509Certificate['publicKey']['export']>>

async function expectSigned(certificate: X509Certificate, publicKey: Key): Promise<void> {
  expectTrue(await certificate.verify({ publicKey, date }), '@peculiar/x509 verify')
}

/** Its engine verifies the whole chain and the lists each time; it reads no Ed25519. */
export async function pkijsChain(fixture: Fixture, kind: ChainKind): Promise<readonly Operation[]> {
  const root = readPkijs(octetsOf(fixture, 'root'))
  const known = readPkijs(octetsOf(fixture, 'intermediate'))
  const crls = [octetsOf(fixture, 'rootCrl'), octetsOf(fixture, 'crl')].map(readPkijsCrl)
  const verifies = async (nth: number): Promise<boolean> => {
    const intermediate = kind === 'cold' ? readPkijs(octetsOf(fixture, 'intermediate')) : known
    const certs = [intermediate, readPkijs(leafOf(fixture, nth))]
    const engine = new CertificateChainValidationEngine({
      trustedCerts: [root],
      certs,
      crls,
      checkDate: date,
    })
    return (await engine.verify()).result
  }
  if (!(await verifies(0))) return []
  return [awaited('pkijs', async (nth) => expectTrue(await verifies(nth), 'pkijs'))]
}

function leafOf({ leaves = [] }: Fixture, nth: number): Bytes {
  return leaves[nth % leaves.length] ?? new Uint8Array()
}
