import { once } from 'node:events'
import { createServer } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { instantFromMs, shift } from '#shared/time.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createServerCredential, type ServerCredential } from '#simulator/ca/server-credential.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { startFront } from '#simulator/front/front.ts'
import { cloudflareProfile } from '#simulator/front/profiles/cloudflare.ts'
import type { Bench } from '../bench.ts'
import { alternate, type Contender } from '../measure.ts'
import { awaited } from '../operations/operation.ts'
import { contenderHere } from '../runtimes/node.ts'

/**
 * One mutual-TLS connection with a certificate of its own and one request, both sides in this
 * process: our client and front, beside Node's own `tls.connect` and `https.createServer`.
 */
export const handshakeBench: Bench = {
  name: 'handshake',
  title: 'a mutual-TLS connection and a request, both sides',
  runtimes: ['node'],
  async *run({ rounds }) {
    const { server, credentials } = await createCredentials()
    const sides = [await startOurs(server), await startRaw(server)]
    const contenders = sides.map((side) => contenderOf(side, credentials))
    const figures = await alternate(contenders, rounds)
    for (const side of sides) await side.close()
    yield { title: 'P-256', unit: 'µs', figures, goals: [] }
  },
}

/** Devices that connect one after another. */
const devices = 150

interface Side {
  readonly name: string
  connectOnce(credential: DeviceCredential): Promise<void>
  close(): Promise<void>
}

function contenderOf(side: Side, credentials: readonly DeviceCredential[]): Contender {
  const operation = awaited(side.name, async (nth) => {
    const credential = credentials[nth % credentials.length]
    if (credential === undefined) throw new Error('no credential')
    await side.connectOnce(credential)
  })
  return contenderHere(operation)
}

async function createCredentials() {
  // TLS stacks go by the real clock.
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -60_000), notAfter: shift(now, 3_600_000) }
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 1, start: now, intermediates: 1, ledger })
  const server = await createServerCredential(validity)
  const credentials: DeviceCredential[] = []
  for (let number = 0; number < devices; number += 1) {
    const device = { device: `car-${number}`, kind: 'car', at: now }
    credentials.push(await authority.issue({ ...device, ...validity }))
  }
  return { server, credentials }
}

/** The front before an upstream that answers at once. */
async function startOurs(serverCredential: ServerCredential): Promise<Side> {
  const upstream = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const front = await startFront({
    profile: cloudflareProfile,
    upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    localKey: 'bench',
    clock: { now: () => instantFromMs(Date.now()) },
    judge: () => Promise.resolve({ kind: 'success' }),
    resumption: 'never',
    serverCredential,
    port: 0,
  })
  const { caPem } = serverCredential
  const address = { host: '127.0.0.1', port: front.port, servername: 'localhost', caPem }
  return {
    name: 'ours (device client, front, proxied)',
    async connectOnce(credential) {
      const opened = await connect({ ...address, credential })
      if (!opened.ok) throw new Error(JSON.stringify(opened.error))
      const response = await opened.value.request({ method: 'GET', path: '/' })
      if (!response.ok || response.value.status !== 200) throw new Error('no answer from the front')
      await opened.value.close()
    },
    async close() {
      await front.close()
      upstream.close()
    },
  }
}

/** The least that Node itself can do: no proxying, no reading of the chain. */
async function startRaw({ keyPem, certPem, caPem }: ServerCredential): Promise<Side> {
  const listener = https.createServer(
    { key: keyPem, cert: certPem, requestCert: true, rejectUnauthorized: false },
    (_request, response) => response.end('ok'),
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const address = { port, host: '127.0.0.1', servername: 'localhost', ca: caPem }
  return {
    name: 'raw Node (tls.connect, https server)',
    async connectOnce({ keyPem: key, chainPem: cert }) {
      const socket = tls.connect({ ...address, key, cert })
      await once(socket, 'secureConnect')
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
      await once(socket, 'data')
      socket.destroy()
    },
    close() {
      listener.close()
      listener.closeAllConnections()
      return Promise.resolve()
    },
  }
}
