import * as nodeCrypto from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { configuredApp } from '#edge/configured-app.ts'
import { createNodeTarget } from '#edge/node-target.ts'
import { startNodeServer } from '#edge/node.ts'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'

/** Node ends mutual TLS itself and hands admitted requests to TARGET, with ALB's headers. */
const {
  CERT = 'server.crt',
  KEY = 'server.key',
  TRUST = 'trust',
  PORT = '8443',
  TARGET,
} = process.env

const { app } = await configuredApp(
  { PLATFORM: 'node-tls', EXPIRED: 'grace 14d' },
  {
    trustFiles: directoryTrustFiles(TRUST),
    verifier: createNodeVerifier(nodeCrypto),
    target: TARGET === undefined ? undefined : createNodeTarget(TARGET).send,
  },
)

export const server = await startNodeServer({
  app,
  host: '127.0.0.1',
  port: Number(PORT),
  tls: { certPem: await readFile(CERT, 'utf8'), keyPem: await readFile(KEY, 'utf8') },
})

console.error(`listening on ${server.url}`)
