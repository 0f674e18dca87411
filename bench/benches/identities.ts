import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { instantFromIso } from '#shared/time.ts'
import { createDerivedAuthority } from '#simulator/ca/authority.ts'
import { credentialsOf } from '#simulator/ca/derive-credential.ts'
import { keyAlgorithm, signingAlgorithm, type Ca } from '#simulator/ca/hierarchy.ts'
import { createLeaf } from '#simulator/ca/leaf.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Bench } from '../bench.ts'
import { alternate, type Contender } from '../measure.ts'

/** A new device: its key pair, and its certificate with all extensions, signed. */
export const identitiesBench: Bench = {
  name: 'identities',
  title: 'key and certificate of a device, P-256',
  runtimes: ['node'],
  async *run({ rounds }) {
    const options = { seed: 7, start: notBefore, intermediates: 1 }
    const authority = await createDerivedAuthority({ ...options, ledger: new Ledger() })
    const { hierarchy } = authority.state
    const [issuer] = hierarchy.intermediates
    if (issuer === undefined) throw new Error('the hierarchy has no issuing authority')
    const derive = credentialsOf(7, hierarchy)
    const contenders = [
      contender(ours, (nth) =>
        derive({ device: `car-${nth}`, kind: 'car', notBefore, notAfter }, 1),
      ),
      contender('a new key, certificate written anew', (nth) =>
        createLeaf(issuer, { device: `car-${nth}`, kind: 'car', serial, notBefore, notAfter }),
      ),
      contender('@peculiar/x509', () => peculiar(issuer)),
    ]
    yield {
      title: '0 octets stored for each',
      unit: 'µs',
      figures: await alternate(contenders, rounds),
      // 3,500 a second a core.
      goals: [{ of: ours, atMost: 286 }],
    }
  },
}

const ours = 'derived from the seed, in a template'
const notBefore = instantFromIso('2027-01-01T00:00:00Z')
const notAfter = instantFromIso('2027-04-01T00:00:00Z')
const serial = new Uint8Array(16).fill(0x41)

function contender(name: string, once: (nth: number) => unknown): Contender {
  let nth = 0
  return {
    name,
    async cpuUs(times) {
      const started = process.cpuUsage()
      for (let done = 0; done < times; done += 1) await once((nth += 1))
      const { user, system } = process.cpuUsage(started)
      return user + system
    },
  }
}

/** What issues a device's certificate in most programs: a key, and a certificate over it without a single extension. */
async function peculiar(issuer: Ca): Promise<unknown> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const name = 'CN=car-0001'
  return X509CertificateGenerator.create({
    serialNumber: '41'.repeat(16),
    subject: name,
    issuer: 'CN=issuing',
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm,
    publicKey: keys.publicKey,
    signingKey: issuer.signingKey,
  })
}
