import * as nodeCrypto from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toHex, toUtf8 } from '#shared/bytes.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { ControlPlane, RemoteStore } from '../control/control-plane.ts'
import { openDirectory } from '../control/directory.ts'
import { openLocalRegistry } from './local-registry.ts'
import { openNodeStore, type WatchVariables } from './watched-store.ts'
import { runtimeClock, runtimeRandom } from '../ports.ts'
import type { BucketObjects } from '../trust-stores/buckets/bucket-objects.ts'
import { defaultStoreLimits } from '../trust-stores/managed/document.ts'
import { directoryObjects } from '../trust-stores/managed/node-objects.ts'
import { nodeSql } from '../sqlite/node-sql.ts'

/** As many as a deployment takes. */
const storesMax = 100

/** A control plane whose trust stores lie in a directory. */
export interface NodeControlPlane extends ControlPlane {
  /** Lets go of the directory. Nothing may be under way. */
  close(): void
}

/**
 * Opens the control plane in a directory, or makes one there: the directory of stores and each store
 * a database, and their files in `objects/`. Throws an Error where another process has it open: two
 * would not see each other's epochs.
 */
export function openNodeControlPlane(
  directory: string,
  variables: WatchVariables = {},
  buckets?: BucketObjects,
): NodeControlPlane {
  mkdirSync(join(directory, 'stores'), { recursive: true, mode: 0o700 })
  const unlock = lock(directory)
  const objects = directoryObjects(join(directory, 'objects'))
  const verifier = createNodeVerifier(nodeCrypto)
  const clock = runtimeClock
  const limits = defaultStoreLimits
  const accountSql = nodeSql(join(directory, 'directory.sqlite'))
  const account = openDirectory({ sql: accountSql, clock, random: runtimeRandom, storesMax })
  const closing = [unlock, () => accountSql.close()]
  const stores = new Map<string, RemoteStore>()
  const open = (name: string): RemoteStore => {
    const sql = nodeSql(join(directory, 'stores', fileOfStore(name)))
    closing.push(() => sql.close())
    const { stop, ...opened } = openNodeStore({
      name,
      variables,
      buckets,
      sql,
      objects,
      limits,
      clock,
      verifier,
    })
    closing.push(stop)
    const store = asked(opened)
    stores.set(name, store)
    return store
  }
  const plane = { objects, account, open: (name: string) => stores.get(name) ?? open(name) }
  const registry = openLocalRegistry(join(directory, 'registry'), plane)
  closing.push(registry.stop)
  // Sources are asked and findings told whether or not anybody asks for the store.
  for (const { name } of account.list()) open(name)
  return {
    clock,
    objects,
    directory: asked(account),
    store: (name) => stores.get(name) ?? open(name),
    registry: registry.registry,
    close() {
      for (const close of closing.toReversed()) close()
    },
  }
}

/** Hexadecimal, because some file systems take `Cars` and `cars` for one name. */
const fileOfStore = (name: string): string => `${toHex(toUtf8(name))}.sqlite`

/**
 * Holds a database of its own locked for as long as the process lives: the system lets go of it
 * however the process ends, as it would not of a file that says who is there.
 */
function lock(directory: string): () => void {
  const database = new DatabaseSync(join(directory, 'lock.sqlite'))
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy
    const because = isBusy ? 'is open in another process: end that one first' : 'cannot be locked'
    throw new Error(`${directory} ${because}`, { cause })
  }
  return () => database.close()
}

/** SQLITE_BUSY, of SQLite's result codes. */
const sqliteBusy = 5

/** The functions of a port as they are asked over RPC elsewhere. */
type Asked<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...given: infer Given) => infer Answer
    ? (...given: Given) => Promise<Awaited<Answer>>
    : never
}

/** Asks a port in this process as if it were in another: every answer is a promise. */
function asked<Port extends object>(port: Port): Asked<Port> {
  const functions = Object.entries(port).map(([name, answer]) => [
    name,
    async (...given: readonly unknown[]): Promise<unknown> => answer(...given),
  ])
  // What entries are made of TypeScript does not follow; the names stay, and so do the arguments.
  return Object.fromEntries(functions) as Asked<Port>
}
