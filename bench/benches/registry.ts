import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import type { TransferredDevice } from '#edge/enrollment/registry/transfer-rows.ts'
import { openNodeRegistry } from '#edge/node/registry.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import { createFollowedTrustStore } from '#edge/trust-stores/managed/followed-trust-store.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import { directoryObjects } from '#edge/trust-stores/managed/node-objects.ts'
import { storeObject, type Objects } from '#edge/trust-stores/managed/objects.ts'
import { toBase64 } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { defaultLimits, type RevokedOfIssuer } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bundleOf } from '../../test/chaos/stage.ts'
import { createCa, type Entity } from '../../test/shared/pki.ts'
import type { Bench, Section, Unit } from '../bench.ts'
import { figureOf } from '../measure.ts'

const devices = 1_000_000
/** One in ten is of the class that is suspended. */
const classEvery = 10
/** What the API takes at once. */
const batch = 1000

/**
 * A registry of a million devices with a certificate each, in files, and a trust store that follows
 * it, each measured once: look-ups in CPU, and what is written on the clock and in CPU, because SQLite
 * waits for the disk at each commit. Minutes, most of them for bringing the devices.
 */
export const registryBench: Bench = {
  name: 'registry',
  title: 'a device registry of 1,000,000 devices, each with a certificate',
  runtimes: ['node'],
  async *run() {
    const world = await openWorld()
    try {
      const bringing = await timed(() => bringAll(world))
      yield section('brought', 'ms', both('1,000,000 devices', bringing))
      yield section('on disk', 'MB', [['all databases', await sizeMb(world.directory)]])
      yield await lookUps(world, 'nobody is refused')
      const none = await timed(() => setStatus(world, 3, 'suspended'))
      const suspending = await timed(() => world.registry.suspendClass('recall', 'bench', 'bench'))
      const taken = await timed(() => world.followed())
      yield await lookUps(world, '100,001 are refused')
      const many = await timed(() => setStatus(world, 5, 'revoked'))
      const resuming = await timed(() => world.registry.suspendClass('recall', 'bench', undefined))
      yield section('until the trust store says it', 'ms', [
        ...both('suspend one, nobody refused before', none),
        ...both('revoke one, 100,001 refused before', many),
        ...both('suspend a class of 100,000', suspending),
        ...both('resume it', resuming),
        ...both('a follower takes 100,001', taken),
      ])
      const taking = await timed(() => takeAll(world))
      yield section('taken out', 'ms', both('1,000,000 devices', taking))
    } finally {
      await world.close()
    }
  },
}

function section(
  title: string,
  unit: Unit,
  costs: readonly (readonly [string, number])[],
): Section {
  const figures = costs.map(([name, cost]) => figureOf(name, [cost]))
  return { title, unit, figures, goals: [] }
}

/** Milliseconds of the clock, and of CPU. */
interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
}

async function timed(work: () => Promise<unknown>): Promise<Cost> {
  const [started, used] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(used)
  return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000 }
}

/** Both of them, for what waits for the disk. */
const both = (what: string, { wallMs, cpuMs }: Cost): readonly (readonly [string, number])[] => [
  [what, wallMs],
  [`${what}: CPU of it`, cpuMs],
]

interface World {
  readonly directory: string
  readonly registry: DeviceRegistry
  readonly ca: Entity
  /** The serials that the trust store refuses, as a gateway asks them. */
  readonly followed: () => Promise<RevokedOfIssuer | undefined>
  readonly close: () => Promise<void>
}

async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-registry-'))
  const now = runtimeClock.now()
  const ca = await createCa({ notBefore: shift(now, -1000), notAfter: shift(now, 86_400_000) })
  const objects = directoryObjects(join(directory, 'objects'))
  const sql = nodeSql(join(directory, 'cars.sqlite'))
  const store = await storeOf(ca, objects, sql)
  const registry = openNodeRegistry({
    directory: join(directory, 'registry'),
    clock: runtimeClock,
    random: runtimeRandom,
    verifier: createWebCryptoVerifier(),
    publish: {
      objects,
      stores: async () => [
        {
          name: 'cars',
          document: () => store.document(),
          change: (change, by) => store.change(change, by),
        },
      ],
    },
  })
  const followed = createFollowedTrustStore({
    head: async () => store.head(),
    objects,
    limits: defaultLimits,
    maxStalenessMs: 0,
    failStaticMs: 86_400_000,
    clock: runtimeClock,
    wait: async () => undefined,
    background: () => undefined,
    report: ({ because }) => console.error(because),
  })
  return {
    directory,
    registry,
    ca,
    followed: async () => (await followed.current())?.revokedSerials.get(nameKey(ca.name)),
    async close() {
      registry.close()
      sql.close()
      await rm(directory, { recursive: true })
    },
  }
}

async function storeOf(
  ca: Entity,
  objects: Objects,
  sql: ReturnType<typeof nodeSql>,
): Promise<ManagedTrustStore> {
  const verifier = createWebCryptoVerifier()
  const store = openManagedTrustStore({
    sql,
    objects,
    limits: defaultStoreLimits,
    clock: runtimeClock,
    verifier,
  })
  const file = await storeObject(objects, bundleOf(ca))
  await store.change({ kind: 'replace_bundle', file }, 'bench')
  return store
}

/** Sixteen octets that look drawn, the same in each run. */
const serialOf = (number: number): string => {
  let [text, state] = ['', number + 1]
  for (let word = 0; word < 4; word += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) ^ (number << 7)
    state = Math.imul(state ^ (state >>> 12), 0x297a_2d39) + word
    text += (state >>> 0).toString(16).padStart(8, '0')
  }
  return `4${text.slice(1)}`.toUpperCase()
}

function deviceOf(number: number, issuer: string): TransferredDevice {
  const keySha256 = serialOf(number + devices)
    .toLowerCase()
    .repeat(2)
  return {
    name: `car-${number}`,
    status: 'active',
    classes: number % classEvery === 0 ? ['recall'] : [],
    factoryLeaf: undefined,
    certificates: [
      {
        issuerKeyId: 'aabbccddeeff00112233445566778899aabbccdd',
        issuer,
        serial: serialOf(number),
        keySha256,
        notBefore: instantFromMs(0),
        notAfter: instantFromMs(4_000_000_000_000),
        revokedAt: undefined,
      },
    ],
  }
}

async function bringAll({ registry, ca }: World): Promise<void> {
  const issuer = toBase64(ca.name)
  for (let start = 0; start < devices; start += batch) {
    const rows = Array.from({ length: batch }, (_, index) => deviceOf(start + index, issuer))
    const outcomes = await registry.importDevices(rows, 'bench')
    const refused = outcomes.find((each) => each !== 'added')
    if (refused !== undefined) throw new Error(`a device was not taken: ${refused}`)
  }
}

async function takeAll({ registry }: World): Promise<void> {
  let after = ''
  let count = 0
  for (;;) {
    const page = await registry.exportDevices({ after, limit: batch })
    count += page.length
    after = page.at(-1)?.name ?? ''
    if (page.length === 0) break
  }
  if (count !== devices) throw new Error(`${count} devices came out`)
}

async function setStatus(
  { registry }: World,
  number: number,
  status: 'suspended' | 'revoked',
): Promise<void> {
  const answer = await registry.setStatus(`car-${number}`, status, 'bench', 'bench')
  if (!answer.ok || answer.value.published[0]?.failure !== undefined) {
    throw new Error(`it was not published: ${JSON.stringify(answer)}`)
  }
}

const lookUpTimes = 200_000
const registryTimes = 2000

/** What a decision asks of the trust store, and what enrolment asks of the registry. */
async function lookUps(world: World, title: string): Promise<Section> {
  const refused = await world.followed()
  const serials = Array.from({ length: lookUpTimes }, (_, index) => serialOf(index * 4))
  let found = 0
  const ask = async (): Promise<void> => {
    for (const serial of serials) if (refused?.get(serial) !== undefined) found += 1
  }
  await ask()
  const onPath = await timed(ask)
  const inRegistry = await timed(async () => {
    for (let index = 0; index < registryTimes; index += 1) {
      await world.registry.device(`car-${index * 499}`)
    }
  })
  return section(`CPU of a look-up, ${title} (${found / 2} of ${lookUpTimes} found)`, 'µs', [
    ['on the request path', (1000 * onPath.cpuMs) / lookUpTimes],
    ['in the registry, with history and certificates', (1000 * inRegistry.cpuMs) / registryTimes],
  ])
}

async function sizeMb(directory: string): Promise<number> {
  const files = await readdir(join(directory, 'registry'))
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(directory, 'registry', file))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 1024 / 1024
}
