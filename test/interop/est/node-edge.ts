import { configuredApp } from '#edge/configured-app.ts'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '#edge/enrollment/registry/device-registry.ts'
import { openRegistryPart } from '#edge/enrollment/registry/part.ts'
import { askedPart, type RemotePart } from '#edge/enrollment/registry/remote-part.ts'
import { runtimeFetch, type AskCa } from '#edge/enrollment/signers/ask-ca.ts'
import { startNodeServer } from '#edge/node.ts'
import { runtimeRandom } from '#edge/ports.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromMs, type Clock } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import type { EdgeOptions, EdgeUnderTest } from './edge-under-test.ts'

/** The edge on Node behind a proxy, with a registry in memory. */
export async function startNodeEdge(
  options: EdgeOptions,
  askCa: AskCa = runtimeFetch,
): Promise<EdgeUnderTest & { readonly told: readonly string[] }> {
  let offset = 0
  const clock: Clock = { now: () => instantFromMs(Date.now() + offset) }
  const registry = memoryRegistry(clock)
  const told: string[] = []
  const enrolment = {
    registry,
    askCa,
    report: (sentence: string) => void told.push(sentence),
  }
  const trustFiles = {
    list: async () => [{ name: 'anchors.pem', version: '1', writtenAt: 0 }],
    read: async () => toUtf8(options.anchors),
  }
  const { app } = await configuredApp(options.variables, {
    trustFiles,
    clock,
    log: () => undefined,
    openEnrolment: () => enrolment,
  })
  const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
  return {
    port: server.port,
    registry,
    told,
    setNow: (now) => {
      offset = now - Date.now()
    },
    close: () => server.close(0),
  }
}

function memoryRegistry(clock: Clock): DeviceRegistry {
  const parts = new Map<string, RemotePart>()
  const open = (name: string): RemotePart => {
    const part = askedPart(openRegistryPart(nodeSql(':memory:')))
    parts.set(name, part)
    return part
  }
  return createDeviceRegistry({
    part: (name) => parts.get(name) ?? open(name),
    shards: 2,
    clock,
    random: runtimeRandom,
    verifier: createWebCryptoVerifier(),
    // The client asks every second, unless it is told to wait for longer.
    rules: { retryAfterMs: 1000 },
  })
}
