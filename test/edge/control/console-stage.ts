import { createControlApp } from '#edge/control/app.ts'
import type { AskEdge } from '#edge/control/console/edge-metrics.ts'
import { startNodeServer } from '#edge/node.ts'
import { storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { ok } from '#shared/result.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { dayMs } from '../../runtime/given.ts'
import { apiToken, memoryPlane, type MemoryPlane } from './plane.ts'

export const operatorToken = 'o'.repeat(40)
export const readerToken = 'r'.repeat(40)

/** A control plane with a store of every standing, served on loopback. */
export interface ConsoleStage {
  readonly url: string
  readonly plane: MemoryPlane
  issue(device: string): Promise<DeviceCredential>
  close(): Promise<void>
}

/**
 * The store `cars` has fresh lists, an update that was refused and a serial that is revoked;
 * `meters` has none but a stale one; `empty` no bundle.
 *
 * @param now the browser's, because the page tells ages by its own clock
 */
export async function consoleStage(now: Instant): Promise<ConsoleStage> {
  const plane = memoryPlane()
  plane.clock.set(shift(now, -2 * dayMs))
  const issuer = (seed: number): Promise<Authority> =>
    createAuthority({ seed, start: now, intermediates: 1, ledger: new Ledger() })
  const [cars, meters] = [await issuer(7), await issuer(8)]
  await make(plane, 'cars', cars)
  await make(plane, 'meters', meters)
  await plane.directory.add('empty')
  const month = await cars.crls(shift(now, -2 * dayMs), 30 * dayMs)
  await addLists(plane, 'cars', month)
  const [ended] = await meters.crls(shift(now, -2 * dayMs), dayMs)
  await addLists(plane, 'meters', ended === undefined ? [] : [ended])
  plane.clock.set(shift(now, -dayMs))
  const page = await storeObject(plane.objects, toUtf8('<html>503 Service Unavailable</html>'))
  const lists = [{ file: page, source: 'https://ca.example/fleet.crl' }]
  await plane.store('cars').change({ kind: 'add_lists', lists }, 'source:1')
  const source = { kind: 'url', location: 'https://ca.example/fleet.crl' } as const
  await plane.store('cars').addSource(source, 'olivia')
  plane.clock.set(now)
  const app = createControlApp(
    plane,
    [
      await apiToken('olivia', operatorToken, ['read', 'revoke', 'write', 'roll-back', 'admin']),
      await apiToken('rita', readerToken, ['read']),
    ],
    undefined,
    figures,
  )
  const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs), at: now }
  return {
    url: server.url,
    plane,
    issue: (device) => cars.issue({ device, kind: 'car', ...validity }),
    close: () => server.close(0),
  }
}

const figures: AskEdge = async () =>
  ok({
    decisions: [
      { outcome: 'accepted', reason: 'path', count: 12_041 },
      { outcome: 'refused', reason: 'revoked', count: 17 },
      { outcome: 'refused', reason: 'expired', count: 3 },
    ],
    maxStalenessSeconds: 5,
    headAgeMaxSeconds: 4.2,
    adoptionMaxSeconds: undefined,
  })

async function make(plane: MemoryPlane, name: string, authority: Authority): Promise<void> {
  await plane.directory.add(name)
  const file = await storeObject(plane.objects, toUtf8(authority.anchorsPem))
  await plane.store(name).change({ kind: 'replace_bundle', file }, 'olivia')
}

async function addLists(
  plane: MemoryPlane,
  name: string,
  crls: Awaited<ReturnType<Authority['crls']>>,
): Promise<void> {
  const lists = await Promise.all(
    crls.map(async ({ der }) => ({
      file: await storeObject(plane.objects, der),
      source: 'upload',
    })),
  )
  const made = await plane.store(name).change({ kind: 'add_lists', lists }, 'olivia')
  if (!made.ok) throw new Error(made.error.because)
}

export const browserNow = (): Instant => instantFromMs(Date.now())
