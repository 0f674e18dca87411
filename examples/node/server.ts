import * as nodeCrypto from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createNodeVerifier } from 'sallyport'
import { configuredApp } from 'sallyport/app'
import { createNodeTarget, startNodeServer } from 'sallyport/node'
import { directoryTrustFiles } from 'sallyport/trust-stores/directory'

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
