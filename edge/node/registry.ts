import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Sql } from '../sqlite/sql.ts'
import { nodeSql } from '../sqlite/node-sql.ts'
import type { DeviceRegistryOptions } from '../enrollment/registry/context.ts'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '../enrollment/registry/device-registry.ts'
import { openRegistryPart } from '../enrollment/registry/part.ts'
import { defaultShards } from '../enrollment/registry/parts.ts'
import { askedPart, type RemotePart } from '../enrollment/registry/remote-part.ts'

export interface NodeRegistryOptions extends Omit<DeviceRegistryOptions, 'part' | 'shards'> {
  /** Where the databases lie, one for each part: made where it is not there. */
  readonly directory: string
  readonly shards?: number
}

/**
 * The registry of one machine, in a directory. More than one process may have it open: an EST server
 * and a control plane see each other's changes at once.
 */
export function openNodeRegistry(
  options: NodeRegistryOptions,
): DeviceRegistry & { readonly close: () => void } {
  const { directory, shards = defaultShards } = options
  const opened = new Map<string, RemotePart>()
  const databases: (Sql & { close(): void })[] = []
  const open = (name: string): RemotePart => {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const sql = nodeSql(join(directory, `${name}.sqlite`))
    databases.push(sql)
    const part = askedPart(openRegistryPart(sql))
    opened.set(name, part)
    return part
  }
  const registry = createDeviceRegistry({
    ...options,
    shards,
    part: (name) => opened.get(name) ?? open(name),
  })
  return {
    ...registry,
    close() {
      for (const each of databases) each.close()
    },
  }
}
