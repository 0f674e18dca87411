import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { X509Certificate } from '@peculiar/x509'
import { z } from 'zod'
import { instantFromMs } from '#shared/time.ts'
import { authorityFrom, type Authority } from './authority.ts'
import { keyAlgorithm, toCa, type Ca } from './hierarchy.ts'
import { keyIdOf } from './identifiers.ts'
import type { Ledger } from './ledger.ts'
import { toPem } from './pem.ts'
import { privateKeyPem } from './server-credential.ts'

const instant = z.number().transform(instantFromMs)

const stateFile = z.strictObject({
  options: z.strictObject({
    seed: z.int(),
    start: instant,
    intermediates: z.int().min(1),
    partitions: z.int().min(1).default(1),
  }),
  crlNumber: z.int().min(0),
  issued: z.array(z.tuple([z.string(), z.int()])),
  revoked: z.array(
    z.tuple([
      z.string(),
      z.array(
        z.strictObject({
          serial: z.string(),
          at: instant,
          reason: z.enum(['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn']),
        }),
      ),
    ]),
  ),
})

/**
 * Writes an authority to a directory: `root.pem`, `root.key.pem`, …, `authority.json`. Private keys
 * are readable by their owner only.
 */
export async function saveAuthority({ state }: Authority, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { root, intermediates } = state.hierarchy
  for (const ca of [root, ...intermediates]) await saveCa(ca, directory)
  const { options, crlNumber, issued, revoked } = state
  const memory = { options, crlNumber, issued: [...issued], revoked: [...revoked] }
  await writeFile(join(directory, 'authority.json'), `${JSON.stringify(memory, null, 2)}\n`)
}

/** The authority that was saved there, going on with `ledger`; throws on files that are not its own. */
export async function loadAuthority(directory: string, ledger: Ledger): Promise<Authority> {
  const text = await readFile(join(directory, 'authority.json'), 'utf8')
  const { options, crlNumber, issued, revoked } = stateFile.parse(JSON.parse(text))
  const root = await loadCa('root', directory)
  const intermediates: Ca[] = []
  for (let number = 1; number <= options.intermediates; number += 1) {
    intermediates.push(await loadCa(`issuing-${number}`, directory, options.partitions))
  }
  const memory = { issued: new Map(issued), revoked: new Map(revoked), crlNumber }
  return authorityFrom({ options, hierarchy: { root, intermediates }, ...memory }, ledger)
}

async function saveCa({ name, der, signingKey }: Ca, directory: string): Promise<void> {
  await writeFile(join(directory, `${name}.pem`), toPem('CERTIFICATE', der))
  await writeFile(join(directory, `${name}.key.pem`), privateKeyPem(signingKey), { mode: 0o600 })
}

async function loadCa(name: string, directory: string, partitions = 1): Promise<Ca> {
  const pem = await readFile(join(directory, `${name}.pem`), 'utf8')
  const keyPem = await readFile(join(directory, `${name}.key.pem`), 'utf8')
  const pkcs8 = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' })
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, keyAlgorithm, true, ['sign'])
  const certificate = new X509Certificate(pem)
  return toCa(name, certificate, keyIdOf(certificate.publicKey.rawData), key, partitions)
}
