import { beforeEach, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import type { ControlPlane } from '#edge/control/control-plane.ts'
import type { HeldTrustStore } from '#edge/trust-stores/held-trust-store.ts'
import {
  createFollowedTrustStore,
  failStaticMs,
} from '#edge/trust-stores/managed/followed-trust-store.ts'
import type { Objects } from '#edge/trust-stores/managed/objects.ts'
import type { Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { bundleOf, massOf, wordOn } from '../chaos/stage.ts'
import { dayMs } from '../runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../shared/crls.ts'
import { integer } from '../shared/der/writer.ts'
import { createCa, extension, issueCa, type Entity } from '../shared/pki.ts'
import { apiToken, memoryPlane } from '../edge/control/plane.ts'
import { staleMs, start } from '../edge/stage.ts'

/**
 * What each kind of update costs, as the platform bills it: what `docs/revocation.md` reckons with.
 * Counted through the JSON API, in its order: requests to Durable Objects (each RPC is one), writes and
 * reads of R2 by whoever takes the update; and reads of R2 by each isolate that follows the store.
 */
interface Cost {
  readonly durable: number
  readonly writes: number
  readonly reads: number
  readonly isolate: number
}

/** Compiled, in three shards. */
const manyEntries = 40_000

interface Stage {
  readonly root: Entity
  readonly issuing: Entity
  readonly plane: ControlPlane
  /** Stores a file through the API. */
  file(octets: Bytes): Promise<string>
  change(body: object): Promise<void>
  isolate: HeldTrustStore
  counts: { durable: number; writes: number; reads: number; isolate: number }
}

let stage: Stage

const token = 't'.repeat(40)
const times = { thisUpdate: shift(start, -60_000), nextUpdate: shift(start, dayMs) }

beforeEach(async () => {
  const counts = { durable: 0, writes: 0, reads: 0, isolate: 0 }
  const memory = memoryPlane()
  const stored = { ...memory.objects }
  Object.assign(memory.objects, countedObjects(stored, counts))
  const plane: ControlPlane = {
    ...memory,
    directory: counted(memory.directory, counts),
    store: (name) => counted(memory.store(name), counts),
  }
  const scopes = ['read', 'revoke', 'write', 'roll-back', 'admin'] as const
  const app = createControlApp(plane, [await apiToken('alice', token, scopes)])
  const api = async (
    path: string,
    body: Bytes | object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const isOctets = body instanceof Uint8Array
    const response = await app.request(`/api/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': isOctets ? 'application/octet-stream' : 'application/json',
      },
      body: isOctets ? body.slice() : JSON.stringify(body),
    })
    return (await response.json()) as Readonly<Record<string, unknown>>
  }
  const validity = { notBefore: shift(start, -dayMs), notAfter: shift(start, dayMs) }
  const root = await createCa({ subject: 'Root', ...validity })
  const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...validity })
  const isolate = createFollowedTrustStore({
    head: () => memory.store('cars').head(),
    objects: {
      ...stored,
      get(name) {
        counts.isolate += 1
        return stored.get(name)
      },
    },
    limits: defaultLimits,
    maxStalenessMs: staleMs,
    failStaticMs,
    clock: memory.clock,
    wait: async () => undefined,
    background: () => undefined,
    report: ({ because }) => expect.unreachable(because),
  })
  const file = async (octets: Bytes): Promise<string> =>
    String((await api('/files', octets))['file'])
  const change = async (body: object): Promise<void> =>
    void (await api('/trust-stores/cars/changes', body))
  stage = { root, issuing, plane, file, change, isolate, counts }
  await api('/trust-stores', { name: 'cars', bundle: await file(bundleOf(root)) })
  await change({ kind: 'replace_intermediates', file: await file(bundleOf(issuing)) })
  await change({
    kind: 'add_lists',
    lists: [
      { file: await file(await createCrl(root, times)) },
      { file: await file(await createCrl(issuing, { ...times, number: 6 })) },
    ],
  })
  await isolate.current()
})

type Counts = Stage['counts']

/** Counts each function of a port that is asked for: it is called. */
function counted<Port extends object>(port: Port, counts: Counts): Port {
  return new Proxy(port, {
    get(target, name) {
      counts.durable += 1
      return Reflect.get(target, name)
    },
  })
}

function countedObjects(objects: Objects, counts: Counts): Objects {
  return {
    put(name, octets) {
      counts.writes += 1
      return objects.put(name, octets)
    },
    get(name) {
      counts.reads += 1
      return objects.get(name)
    },
  }
}

async function addList(overrides: CrlOverrides): Promise<void> {
  const file = await stage.file(await createCrl(stage.issuing, { ...times, ...overrides }))
  await stage.change({ kind: 'add_lists', lists: [{ file }] })
}

const word = () => wordOn(stage.issuing, [0x40, 1])
const delta = { base: extension('2.5.29.27', integer(6), 'critical') }

interface Update {
  readonly name: string
  /** What has to be there before. */
  readonly first?: () => Promise<void>
  readonly make: () => Promise<void>
  readonly cost: Cost
}

const updates: readonly Update[] = [
  {
    name: 'a serial revoked by word',
    make: () => stage.change({ kind: 'revoke_serials', serials: [word()] }),
    cost: { durable: 2, writes: 1, reads: 1, isolate: 1 },
  },
  {
    name: 'a serial restored',
    first: () => stage.change({ kind: 'revoke_serials', serials: [word()] }),
    make: () => stage.change({ kind: 'restore_serials', serials: [word()] }),
    cost: { durable: 2, writes: 1, reads: 1, isolate: 1 },
  },
  {
    name: 'a small list',
    make: () => addList({ number: 7, entries: [entry([9])] }),
    cost: { durable: 2, writes: 2, reads: 5, isolate: 2 },
  },
  {
    name: 'a delta',
    make: () => addList({ number: 7, entries: [entry([9])], extensions: delta }),
    cost: { durable: 2, writes: 2, reads: 4, isolate: 2 },
  },
  {
    name: 'a compiled list, of three shards',
    make: () => addList({ number: 7, entries: massOf(manyEntries) }),
    cost: { durable: 2, writes: 6, reads: 5, isolate: 2 },
  },
  {
    name: 'the next compiled list',
    first: () => addList({ number: 7, entries: massOf(manyEntries) }),
    make: () => addList({ number: 8, entries: [entry([9]), ...massOf(manyEntries)] }),
    cost: { durable: 2, writes: 6, reads: 5, isolate: 2 },
  },
  {
    name: 'a list that is refused',
    make: () => addList({ number: 5 }),
    cost: { durable: 2, writes: 1, reads: 5, isolate: 0 },
  },
  {
    name: 'a list taken away',
    make: () => stage.change({ kind: 'remove_lists', ids: [2] }),
    cost: { durable: 2, writes: 1, reads: 1, isolate: 1 },
  },
  {
    name: 'a bundle',
    make: async () =>
      stage.change({
        kind: 'replace_bundle',
        file: await stage.file(bundleOf(stage.root, stage.issuing)),
      }),
    cost: { durable: 2, writes: 2, reads: 2, isolate: 2 },
  },
  {
    name: 'a roll-back',
    make: () => stage.change({ kind: 'roll_back', epoch: 2 }),
    cost: { durable: 2, writes: 1, reads: 2, isolate: 1 },
  },
  {
    name: 'a look of the store at itself',
    make: async () => void (await stage.plane.store('cars').findings()),
    cost: { durable: 1, writes: 0, reads: 3, isolate: 0 },
  },
]

test.each(updates)(
  '$name',
  async ({ first, make, cost }) => {
    await first?.()
    await adopted()
    Object.assign(stage.counts, { durable: 0, writes: 0, reads: 0, isolate: 0 })
    await make()
    await adopted()
    expect(stage.counts).toEqual(cost)
  },
  60_000,
)

/** The isolate asks, late enough to take what is new. */
async function adopted(): Promise<void> {
  const { clock } = stage.plane
  if ('advance' in clock && typeof clock.advance === 'function') clock.advance(staleMs)
  await stage.isolate.current()
}
