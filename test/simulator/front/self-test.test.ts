import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { assertPeerChainIsSeen } from '#simulator/front/self-test.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'

let world: TestWorld

beforeAll(async () => {
  world = await createTestWorld()
})

afterEach(() => {
  vi.restoreAllMocks()
})

test('this Node hands over what a client sends', async () => {
  await expect(assertPeerChainIsSeen(world.server)).resolves.toBeUndefined()
  const withIssuer = { ...world.server, certPem: world.server.certPem + world.root.certPem }
  await expect(assertPeerChainIsSeen(withIssuer)).resolves.toBeUndefined()
})

test('a Node that hands over the leaf alone is named, with what to do', async () => {
  const leaf = new X509Certificate(world.server.certPem)
  vi.spyOn(TLSSocket.prototype, 'getPeerX509Certificate').mockReturnValue(leaf)
  await expect(assertPeerChainIsSeen(world.server)).rejects.toThrow(
    /hands over 1 of the 2 certificates .* Run under Node 24\.20\.0/,
  )
})

test('a credential that does not fit together is refused', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  await expect(assertPeerChainIsSeen({ ...world.server, keyPem })).rejects.toThrow(
    'key values mismatch',
  )
})
