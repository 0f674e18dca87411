import { expect, test } from 'vitest'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import { createFollowedTrustStore } from '#edge/trust-stores/managed/followed-trust-store.ts'
import { openManagedTrustStore } from '#edge/trust-stores/managed/managed-trust-store.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { memoryObjects, storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toUtf8 } from '#shared/bytes.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { binary, fakeBroker, fakeDevice, until } from '../edge/mqtt/fakes.ts'
import { createPki, createStage, requestOf, setClock, staleMs, start } from '../edge/stage.ts'
import { cfOf, chainOf, dayMs } from '../runtime/given.ts'

/** C1: a session that is held open while its certificate is revoked in a store that is followed. */
test('an MQTT session is cut within the bound of a revocation by word', async () => {
  const pki = await createPki()
  const meter = await pki.issue('meter-1')
  const objects = memoryObjects()
  const managed = openManagedTrustStore({
    sql: nodeSql(':memory:'),
    objects,
    limits: defaultStoreLimits,
    clock: setClock(),
    verifier: createWebCryptoVerifier(),
  })
  const file = await storeObject(objects, toUtf8(pki.authority.anchorsPem))
  await managed.change({ kind: 'replace_bundle', file }, 'test')
  const crls = await pki.authority.crls(start, dayMs)
  const lists = crls.map(async ({ der }) => ({ file: await storeObject(objects, der), source: '' }))
  await managed.change({ kind: 'add_lists', lists: await Promise.all(lists) }, 'test')
  const device = fakeDevice()
  const broker = fakeBroker()
  const { app, clock } = await createStage(pki, {
    variables: {},
    mqtt: {
      openBroker: () => broker.connection,
      acceptWebSocket: () => ({ socket: device.socket, response: new Response('switched') }),
    },
    trustStore: (told) =>
      createFollowedTrustStore({
        head: async () => managed.head(),
        objects,
        limits: defaultLimits,
        maxStalenessMs: staleMs,
        failStaticMs: 60_000,
        clock: told,
        wait: async () => undefined,
        background: () => undefined,
        report: ({ because }) => expect.fail(because),
      }),
  })
  await app.request(requestOf(cfOf(...chainOf(meter)), { upgrade: 'websocket' }, '/mqtt'))
  device.send(binary('first'))
  await until(() => broker.received.length === 1)
  const leaf = parseCertificate(meter.leafDer)
  const issuer = toBase64(leaf.ok ? leaf.value.issuer : new Uint8Array())
  const serials = [{ issuer, serial: meter.serial, reason: 'stolen' }]
  await managed.change({ kind: 'revoke_serials', serials }, 'test')
  clock.advance(staleMs)
  device.send(binary('late'))
  await until(() => device.closed.length > 0)
  expect(device.closed).toEqual([[4403, 'revoked']])
  expect(broker.received).toEqual(['first'])
})
