import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { expect, test } from 'vitest'
import { nodeTlsPlatform, type NodePeerCertificate } from '#edge/platforms/node-tls.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { instantFromMs } from '#shared/time.ts'
import { createAuthority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { intermediate, leaf, leafAlone, malformed, none, noHeaders, wholeChain } from './given.ts'

const server: TlsOptions = { requestCert: true, rejectUnauthorized: false, ca: [] }

/** Opens one connection and reads it twice at the server, as two requests would. */
async function readOverTls(
  options: TlsOptions,
  client: { key: string; cert: string } | object,
): Promise<Presented[]> {
  const listener = createServer({ ...server, ...options })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>
  const device = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client })
  const [connection] = await accepted
  const platform = nodeTlsPlatform()
  const read = () => platform.read({ headers: noHeaders, connection }) as Presented
  const seen = [read(), read()]
  device.destroy()
  connection.destroy()
  listener.close()
  return seen
}

test('a real connection: the chain as it was sent, at every request', async () => {
  const validity = { notBefore: instantFromMs(0), notAfter: instantFromMs(86_400_000) }
  const { keyPem: key, certPem: cert } = await createServerCredential(validity)
  const options = { seed: 1, start: validity.notBefore, intermediates: 1, ledger: new Ledger() }
  const authority = await createAuthority(options)
  const request = { device: 'car-0001', kind: 'car', at: validity.notBefore, ...validity }
  const device = await authority.issue(request)
  const seen = await readOverTls({ key, cert }, { key: device.keyPem, cert: device.chainPem })
  const presented = {
    kind: 'chain',
    leaf: device.leafDer,
    intermediates: [device.intermediateDer],
  }
  expect(seen).toEqual([presented, presented])
  expect(await readOverTls({ key, cert }, {})).toEqual([none, none])
})

const bottom = { raw: intermediate }
const chainOfLength = (count: number): NodePeerCertificate | undefined =>
  count === 0 ? undefined : { raw: intermediate, issuerCertificate: chainOfLength(count - 1) }

const sockets = [
  { name: 'none', peer: undefined, presented: none },
  { name: 'a resumed session: the leaf alone', peer: { raw: leaf }, presented: leafAlone },
  { name: 'a chain', peer: { raw: leaf, issuerCertificate: bottom }, presented: wholeChain },
  {
    name: 'eleven certificates',
    peer: chainOfLength(11),
    presented: malformed('socket', 'at most 10 certificates'),
  },
]

test.each(sockets)('$name', ({ peer, presented }) => {
  const connection = { getPeerX509Certificate: () => peer }
  expect(nodeTlsPlatform().read({ headers: noHeaders, connection })).toEqual(presented)
})

test.each([undefined, null, {}, 'socket'])('%s is no TLS socket', (connection) => {
  const presented = nodeTlsPlatform().read({ headers: noHeaders, connection })
  expect(presented).toEqual(malformed('socket', 'a TLS socket'))
})
