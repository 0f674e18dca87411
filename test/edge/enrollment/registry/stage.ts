import type { DeviceRegistryOptions } from '#edge/enrollment/registry/context.ts'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '#edge/enrollment/registry/device-registry.ts'
import { openRegistryPart } from '#edge/enrollment/registry/part.ts'
import type { EnrolmentAttempt } from '#edge/enrollment/registry/registry.ts'
import { askedPart, type RemotePart } from '#edge/enrollment/registry/remote-part.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { sign } from './ca.ts'
import { setClock, type SetClock } from '../../stage.ts'

export const dayMs = 86_400_000

/** A registry in memory, on a clock that a test sets; its parts may be looked into. */
export interface MemoryRegistry {
  readonly registry: DeviceRegistry
  readonly clock: SetClock
  readonly alarms: string[]
  readonly part: (name: string) => RemotePart
  readonly sql: (part: string) => Sql
}

export function memoryRegistry(
  options: Partial<Omit<DeviceRegistryOptions, 'part'>> = {},
): MemoryRegistry {
  const clock = setClock()
  const databases = new Map<string, Sql>()
  const parts = new Map<string, RemotePart>()
  const alarms: string[] = []
  let drawn = 0
  const open = (each: string): RemotePart => {
    const database = nodeSql(':memory:')
    databases.set(each, database)
    const part = askedPart(openRegistryPart(database))
    parts.set(each, part)
    return part
  }
  const part = (each: string): RemotePart => parts.get(each) ?? open(each)
  const registry = createDeviceRegistry({
    part,
    shards: 3,
    clock,
    random: (count) => countedOctets(count, (drawn += 1)),
    verifier: createWebCryptoVerifier(),
    alarm: ({ claim }) => alarms.push(claim),
    ...options,
  })
  return {
    registry,
    clock,
    alarms,
    part,
    sql(each) {
      part(each)
      const database = databases.get(each)
      if (database === undefined) throw new Error(`no part ${each}`)
      return database
    },
  }
}

/** Different each time, and the same in each run. */
function countedOctets(count: number, drawn: number): Bytes {
  const drawnOctets = new Uint8Array(count).fill(7)
  new DataView(drawnOctets.buffer).setUint32(count - 4, drawn)
  return drawnOctets
}

/** What an attempt comes to, with what is signed signed and written down: a word, or the certificate. */
export async function enrol(
  registry: DeviceRegistry,
  attempt: EnrolmentAttempt,
  key: string,
): Promise<string> {
  const admitted = await registry.admit(attempt)
  if (!admitted.ok) return admitted.error.code
  if (admitted.value.kind === 'pending') return 'pending'
  if (admitted.value.kind === 'issued') return toHex(admitted.value.certificate)
  const { enrolment } = admitted.value
  return toHex(await registry.issued(enrolment, await sign(admitted.value, key)))
}

/** A claimant by a fresh claim. */
export async function claimFor(
  registry: DeviceRegistry,
  order: Partial<Parameters<DeviceRegistry['makeClaim']>[0]> = {},
): Promise<EnrolmentAttempt['claimant']> {
  const made = await registry.makeClaim(
    {
      device: undefined,
      quota: 1,
      classes: [],
      approval: 'automatic',
      forMs: dayMs,
      ...order,
    },
    'olga',
  )
  if (!made.ok) throw new Error(made.error.because)
  return { kind: 'claim', secretSha256: made.value.claim.secretSha256 }
}
