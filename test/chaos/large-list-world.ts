import type { Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { cfOf, dayMs } from '../runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../shared/crls.ts'
import { integer } from '../shared/der/writer.ts'
import { newKeys } from '../shared/keys.ts'
import { createCa, extension, issue, issueCa, type Entity } from '../shared/pki.ts'
import { bundleOf, massOf, massSerial, type Plane } from './stage.ts'

/** Entries of a delta: a day's revocations of a large fleet. */
export const deltaEntries = 1000

/** Of a shard: one device in each stretch of so many is asked about, so that all shards are. */
const shardEntries = 16_384

/** A store of a plane whose issuing CA has revoked very many. */
export interface LargeListWorld {
  /** Devices that the list names, one of each shard, as `request.cf`. */
  readonly listed: readonly object[]
  /** Takes a complete list in. */
  readonly publish: (list: PublishedList) => Promise<void>
  /** Takes a delta in that is laid over the list of a number. */
  readonly publishDelta: (base: number, number: number) => Promise<void>
  /** Throws an Error where a worker lets a listed device in; the first so many are asked about. */
  readonly expectRevoked: (worker: string, devices: number) => Promise<void>
}

export interface PublishedList {
  readonly number: number
  /** Ids of the lists that it takes the place of: in one step, for lists count in the quota until then. */
  readonly removing?: readonly number[]
  /** Without the many: only as many entries as its number, by which each list differs. */
  readonly isSmall?: boolean
}

/** Makes the store `cars`, without the list; serials are of sixteen octets. */
export async function createLargeListWorld(plane: Plane, entries: number): Promise<LargeListWorld> {
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const root = await createCa({ subject: 'Root', ...validity })
  const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...validity })
  const times = { thisUpdate: shift(now, -60_000), nextUpdate: shift(now, dayMs) }
  const bundle = await plane.file(bundleOf(root))
  await plane.api('POST', '/trust-stores', { name: 'cars', bundle })
  const file = await plane.file(bundleOf(issuing))
  await plane.change({ kind: 'replace_intermediates', file })
  await add(plane, await createCrl(root, times))
  const mass = massOf(entries)
  const taken = async (overrides: CrlOverrides, removing: readonly number[] = []): Promise<void> =>
    add(plane, await createCrl(issuing, { ...times, ...overrides }), removing)
  const listed = await devicesOf(issuing, entries, validity)
  return {
    listed,
    publish: ({ number, removing, isSmall = false }) => {
      const more = Array.from({ length: number }, (_, at) => entry([9, at]))
      return taken({ number, entries: [...(isSmall ? [] : mass), ...more] }, removing)
    },
    publishDelta: (base, number) => {
      const extensions = { base: extension('2.5.29.27', integer(base), 'critical') }
      return taken({ number, entries: massOf(deltaEntries), extensions })
    },
    async expectRevoked(worker, devices) {
      const answers = await plane.probe(worker, listed.slice(0, devices))
      const other = answers.find((answer) => answer !== 'revoked')
      if (other !== undefined) throw new Error(`${worker} says ${other} of a device that is listed`)
    },
  }
}

async function devicesOf(
  issuing: Entity,
  entries: number,
  validity: Pick<Parameters<typeof issue>[1] & object, 'notBefore' | 'notAfter'>,
): Promise<readonly object[]> {
  const keys = await newKeys()
  const nths = Array.from({ length: Math.ceil(entries / shardEntries) }, (_, at) =>
    Math.min(at * shardEntries, entries - 1),
  )
  return Promise.all(
    nths.map(async (nth) => {
      const { der } = await issue(issuing, { serial: massSerial(nth), keys, ...validity })
      return cfOf(der, issuing.der)
    }),
  )
}

async function add(plane: Plane, der: Bytes, removing: readonly number[] = []): Promise<void> {
  const file = await plane.file(der)
  const answer = await plane.change({ kind: 'add_lists', lists: [{ file }], removing })
  if (answer.status !== 200) throw new Error(`a list was not taken: ${JSON.stringify(answer)}`)
}
