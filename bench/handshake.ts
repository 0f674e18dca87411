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

// CPU of one mutual-TLS connection with a certificate of its own and one request, both sides in
// this process: our client and front, beside Node's own `tls.connect` and `https.createServer`.
// Rounds alternate; the median is printed, and the ratio, which is what carries over to other machines.

const rounds = 5
const connections = 150
const now = instantFromMs(Date.now())
const bounds = {
  kind: 'car',
  notBefore: shift(now, -60_000),
  notAfter: shift(now, 3_600_000),
  at: now,
}

const authority = await createAuthority({
  seed: 1,
  start: now,
  intermediates: 1,
  ledger: new Ledger(),
})
const server = await createServerCredential({
  notBefore: bounds.notBefore,
  notAfter: bounds.notAfter,
})
const credentials: DeviceCredential[] = []
for (let number = 0; number < connections; number += 1) {
  credentials.push(await authority.issue({ device: `car-${number}`, ...bounds }))
}

const ours = await startOurs(server)
const raw = await startRaw(server)
const costs = { ours: [] as number[], raw: [] as number[] }
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, work] of [
    ['ours', ours.once],
    ['raw', raw.once],
  ] as const) {
    const cost = await cpuMsOfEach(work)
    // The first round warms up.
    if (round > 0) costs[name].push(cost)
  }
}
await ours.close()
await raw.close()

const result = { ours: median(costs.ours), raw: median(costs.raw) }
console.log(
  `CPU of one mutual-TLS connection and request, both sides, median of ${rounds} rounds of ${connections}`,
)
console.log(`  ours (device client, front, proxied)  ${result.ours.toFixed(2)} ms`)
console.log(`  raw Node (tls.connect, https server)  ${result.raw.toFixed(2)} ms`)
console.log(`  ratio                                 ${(result.ours / result.raw).toFixed(2)}`)

type Once = (credential: DeviceCredential) => Promise<void>

async function cpuMsOfEach(work: Once): Promise<number> {
  const before = process.cpuUsage()
  for (const credential of credentials) await work(credential)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / credentials.length
}

/** The front before an upstream that answers at once. */
async function startOurs(serverCredential: ServerCredential) {
  const upstream = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const front = await startFront({
    profile: cloudflareProfile,
    upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    localKey: 'bench',
    clock: { now: () => now },
    judge: () => Promise.resolve({ kind: 'success' }),
    resumption: 'never',
    serverCredential,
    port: 0,
  })
  const address = {
    host: '127.0.0.1',
    port: front.port,
    servername: 'localhost',
    caPem: server.caPem,
  }
  const workOnce: Once = async (credential) => {
    const opened = await connect({ ...address, credential })
    if (!opened.ok) throw new Error(JSON.stringify(opened.error))
    const response = await opened.value.request({ method: 'GET', path: '/' })
    if (!response.ok || response.value.status !== 200) throw new Error('no answer from the front')
    await opened.value.close()
  }
  const close = async (): Promise<void> => {
    await front.close()
    upstream.close()
  }
  return { once: workOnce, close }
}

/** The least that Node itself can do: no proxying, no reading of the chain. */
async function startRaw({ keyPem, certPem, caPem }: ServerCredential) {
  const listener = https.createServer(
    { key: keyPem, cert: certPem, requestCert: true, rejectUnauthorized: false },
    (_request, response) => response.end('ok'),
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const workOnce: Once = async ({ keyPem: key, chainPem: cert }) => {
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: caPem,
      key,
      cert,
    })
    await once(socket, 'secureConnect')
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    await once(socket, 'data')
    socket.destroy()
  }
  const close = async (): Promise<void> => {
    listener.close()
    listener.closeAllConnections()
  }
  return { once: workOnce, close }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
