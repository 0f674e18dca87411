import type { Hono } from 'hono'
import { createControlApp } from '#edge/control/app.ts'
import { readAccessKeys, type ScopedKey } from '#edge/control/elbv2/access-keys.ts'
import { storeArn } from '#edge/control/elbv2/arns.ts'
import type { ApiToken } from '#edge/control/tokens.ts'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '#edge/enrollment/registry/device-registry.ts'
import { openRegistryPart } from '#edge/enrollment/registry/part.ts'
import { askedPart, type RemotePart } from '#edge/enrollment/registry/remote-part.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok } from '#shared/result.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { dayMs } from '../../../runtime/given.ts'
import { createPki, start } from '../../stage.ts'
import { accessKey, balancer, where } from '../elbv2/stage.ts'
import { apiToken, memoryPlane, type MemoryPlane } from '../plane.ts'

/** Who may what: the same four of both APIs. */
export const people = {
  alice: { scopes: ['read', 'revoke', 'write', 'roll-back', 'admin'], stores: undefined },
  rita: { scopes: ['read'], stores: undefined },
  victor: { scopes: ['revoke'], stores: ['cars'] },
  eve: { scopes: ['read', 'revoke', 'write', 'roll-back', 'admin'], stores: ['meters'] },
} as const

export type Person = keyof typeof people

export const names = ['alice', 'rita', 'victor', 'eve'] as const satisfies readonly Person[]

/** What each shows to the JSON API. */
export const tokenOf = (name: Person): string => name.padEnd(40, 't')

/** What each signs with. */
export const keyOf = (name: Person): ScopedKey => keys[name]

const keys = {
  alice: keyFor('alice'),
  rita: keyFor('rita'),
  victor: keyFor('victor'),
  eve: keyFor('eve'),
}

function keyFor(name: Person): ScopedKey {
  const { scopes, stores } = people[name]
  const key = accessKey(name, scopes, stores)
  const read = readAccessKeys(JSON.stringify([key]))
  if (read.ok) return key
  throw new Error(read.error)
}

/** Names of what is there, for requests to be made of. */
export interface Vocabulary {
  /** Files that are stored: a bundle, lists, text that is none. */
  readonly files: readonly string[]
  /** DER of an issuer's name, base64. */
  readonly issuer: string
  /** Of the registry. */
  readonly claims: readonly string[]
  readonly storeArns: readonly string[]
  readonly listenerArns: readonly string[]
  readonly balancer: string
  /** A bucket's keys. */
  readonly keys: readonly string[]
}

/** A control plane with two stores, two listeners and a source, that is made anew when it was changed. */
export interface World {
  readonly app: Hono
  readonly plane: MemoryPlane
  readonly words: Vocabulary
  /** Grows with every row that was written, removed or changed anywhere. */
  written(): number
  /**
   * What is in force, in parts by what they belong to: `store:cars`, `listener:…`, `tags:…`. Not the
   * log of what was refused, the signatures that were seen, and ids that were used up.
   */
  parts(): ReadonlyMap<string, string>
}

/** The certificates and lists of every world: issued once, so that a world costs little to make. */
export interface Files {
  readonly bundle: Bytes
  readonly list: Bytes
  readonly issuer: string
}

export async function createFiles(): Promise<Files> {
  const { authority } = await createPki()
  const [list] = await authority.crls(start, dayMs)
  if (list === undefined) throw new Error('an authority without a list')
  const issuer = toBase64(toUtf8('a name'))
  return { bundle: toUtf8(authority.anchorsPem), list: list.der, issuer }
}

const buckets = (objects: ReadonlyMap<string, Bytes>) => ({
  async get({ bucket, key }: { readonly bucket: string; readonly key: string }) {
    const octets = objects.get(`${bucket}/${key}`)?.slice()
    return octets === undefined
      ? err({ kind: 'missing', because: 'none of this key' } as const)
      : ok(octets)
  },
})

const tokens: readonly ApiToken[] = await Promise.all(
  names.map((name) => apiToken(name, tokenOf(name), people[name].scopes, people[name].stores)),
)

export async function createWorld({ bundle, list, issuer }: Files): Promise<World> {
  const sqls = new Map<string, Sql>()
  const open = (name: string): Sql => {
    const sql = nodeSql(':memory:')
    sqls.set(name, sql)
    return sql
  }
  const planeAlone = memoryPlane(open)
  const registry = registryOf(planeAlone, open)
  const plane = { ...planeAlone, registry }
  const files = await Promise.all(
    [bundle, list, toUtf8('<html>')].map((octets) => storeObject(plane.objects, octets)),
  )
  const [bundleFile = '', listFile = ''] = files
  const stores: string[] = []
  for (const name of ['cars', 'meters']) {
    const row = await plane.directory.add(name)
    const made = await plane
      .store(name)
      .change({ kind: 'replace_bundle', file: bundleFile }, 'alice')
    if (!row.ok || !made.ok) throw new Error(`the store ${name} was not made`)
    stores.push(storeArn(where, row.value))
  }
  const lists = [{ file: listFile, source: 'upload' }]
  await plane.store('cars').change({ kind: 'add_lists', lists }, 'alice')
  const serials = [{ issuer, serial: '0A:FF', reason: 'unspecified' }]
  await plane.store('cars').change({ kind: 'revoke_serials', serials }, 'alice')
  const source = { kind: 'url', location: 'http://crl.example/cars.crl' } as const
  await plane.store('cars').addSource(source, 'alice')
  plane.published.set(source.location, new Response(list))
  const listeners = await Promise.all([
    addListener(plane, 443, 'cars'),
    addListener(plane, 8443, undefined),
  ])
  const claims = await addRegistered(registry)
  const pem = toUtf8(encodePem('X509 CRL', list))
  const objects = new Map([
    ['trust/bundle.pem', bundle],
    ['trust/cars.crl', pem],
    ['trust/none.crl', toUtf8('<html>')],
  ])
  const elbv2 = { keys: names.map(keyOf), where, buckets: buckets(objects) }
  return {
    app: createControlApp(plane, tokens, elbv2),
    plane,
    words: {
      files,
      issuer,
      claims,
      storeArns: stores,
      listenerArns: listeners,
      balancer,
      keys: ['bundle.pem', 'cars.crl', 'none.crl'],
    },
    written: () => [...sqls.values()].reduce((sum, sql) => sum + writtenTo(sql), 0),
    parts: () => partsOf(sqls),
  }
}

/** A registry with one part of each kind, which tells the stores whom it refuses. */
function registryOf(
  { clock, objects, directory, store }: MemoryPlane,
  open: (name: string) => Sql,
): DeviceRegistry {
  const parts = new Map<string, RemotePart>()
  const partOf = (name: string): RemotePart => {
    const part = askedPart(openRegistryPart(open(`${registryPart}/${name}`)))
    parts.set(name, part)
    return part
  }
  let drawn = 0
  return createDeviceRegistry({
    part: (name) => parts.get(name) ?? partOf(name),
    shards: 1,
    clock,
    random: (count) => new Uint8Array(count).fill((drawn += 1)),
    verifier: createWebCryptoVerifier(),
    alarm: () => undefined,
    publish: {
      objects,
      stores: async () => (await directory.list()).map(({ name }) => ({ name, ...store(name) })),
    },
  })
}

/** What belongs to the registry, and the name by which tokens are for it. */
export const registryPart = 'registry:devices'

/** Three devices and a claim. */
async function addRegistered(registry: DeviceRegistry): Promise<readonly string[]> {
  const common = { factoryLeaf: undefined, certificates: [] }
  await registry.importDevices(
    [
      { ...common, name: 'car-1', status: 'active', classes: ['model:x'] },
      { ...common, name: 'car-2', status: 'pending', classes: [] },
      { ...common, name: 'car-3', status: 'suspended', classes: ['model:x'] },
    ],
    'alice',
  )
  const order = { quota: 2, classes: [], approval: 'automatic', forMs: dayMs } as const
  const made = await registry.makeClaim({ ...order, device: undefined }, 'alice')
  if (!made.ok) throw new Error(made.error.because)
  // Parts are opened as they are first asked: all of them before anything is compared.
  await registry.forgetKey('a'.repeat(64), 'alice')
  return [made.value.claim.id]
}

async function addListener(
  plane: MemoryPlane,
  port: number,
  trustStore: string | undefined,
): Promise<string> {
  const mode = trustStore === undefined ? 'off' : 'verify'
  const row = await plane.directory.addListener({
    balancer: 'app/fleet/50dc6c495c0c9188',
    port,
    mode,
    trustStore,
    ignoreExpiry: false,
    renamed: {},
    kept: JSON.stringify({ DefaultActions: [{ Type: 'forward' }] }),
  })
  if (!row.ok) throw new Error(row.error)
  const { region, account } = where
  const { balancer: of, id } = row.value
  return `arn:aws:elasticloadbalancing:${region}:${account}:listener/${of}/${id}`
}

function writtenTo(sql: Sql): number {
  const [row] = sql.all('SELECT total_changes() AS written')
  return Number(row?.['written'])
}

function partsOf(sqls: ReadonlyMap<string, Sql>): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  const add = (name: string, sql: Sql, statement: string): void => {
    for (const { part, ...row } of sql.all(statement)) {
      const key = `${name}${String(part)}`
      parts.set(key, (parts.get(key) ?? '') + JSON.stringify(row))
    }
  }
  for (const [name, sql] of sqls) {
    if (name === '') {
      add('store:', sql, 'SELECT name AS part, id FROM stores WHERE removed_at IS NULL ORDER BY id')
      add('listener:', sql, 'SELECT id AS part, * FROM listeners ORDER BY id')
      add('tags:', sql, 'SELECT resource AS part, * FROM tags ORDER BY resource, key')
    } else if (name.startsWith(`${registryPart}/`)) {
      const tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
      for (const table of sql.all(tables)) {
        add(name, sql, `SELECT '' AS part, * FROM "${String(table['name'])}"`)
      }
    } else {
      const part = `'${name.replaceAll("'", "''")}' AS part`
      const made = 'FROM changes WHERE epoch IS NOT NULL ORDER BY id'
      add('store:', sql, `SELECT ${part}, id, by, change, epoch, document ${made}`)
      add('store:', sql, `SELECT ${part}, * FROM sources ORDER BY id`)
    }
  }
  return parts
}

/** The parts that differ: changed, new or gone. */
export function changedParts(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (part) => before.get(part) !== after.get(part),
  )
}
