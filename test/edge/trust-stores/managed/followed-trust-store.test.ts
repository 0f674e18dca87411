import { beforeEach, describe, expect, test } from 'vitest'
import type { TrustFileProblem, HeldTrustStore } from '#edge/trust-stores/held-trust-store.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import {
  createFollowedTrustStore,
  type FollowedTrustStoreOptions,
} from '#edge/trust-stores/managed/followed-trust-store.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
  type StoreHead,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import { nodeSql } from '#edge/trust-stores/managed/node-sql.ts'
import { memoryObjects, storeObject, type Objects } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toUtf8 } from '#shared/bytes.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { dayMs } from '../../../runtime/given.ts'
import { createPki, setClock, staleMs, start, type Pki, type SetClock } from '../../stage.ts'

const failStaticMs = 60_000

let pki: Pki
let clock: SetClock
let objects: Objects
let managed: ManagedTrustStore
let problems: TrustFileProblem[]
let followed: HeldTrustStore
/** What goes wrong from now on, and how often the control plane and the bucket were asked. */
let away: { head: boolean; objects: boolean }
let asked: { heads: number; gets: string[] }
let background: Promise<unknown>[]

beforeEach(async () => {
  pki = await createPki()
  clock = setClock()
  objects = memoryObjects()
  const verifier = createWebCryptoVerifier()
  const sql = nodeSql(':memory:')
  managed = openManagedTrustStore({ sql, objects, limits: defaultStoreLimits, clock, verifier })
  const file = await storeObject(objects, toUtf8(pki.authority.anchorsPem))
  await managed.change({ kind: 'replace_bundle', file }, 'test')
  await addLists()
  away = { head: false, objects: false }
  asked = { heads: 0, gets: [] }
  problems = []
  background = []
  followed = follow(async () => managed.head())
})

function optionsOf(changes: Partial<FollowedTrustStoreOptions> = {}): FollowedTrustStoreOptions {
  return {
    head: async () => managed.head(),
    objects,
    limits: defaultLimits,
    maxStalenessMs: staleMs,
    failStaticMs,
    clock,
    wait: async (ms) => clock.advance(ms),
    background: (work) => void background.push(work),
    report: (problem) => void problems.push(problem),
    ...changes,
  }
}

/** Counts what is asked, and fails as `away` says. */
function follow(head: () => Promise<StoreHead | undefined>): HeldTrustStore {
  return createFollowedTrustStore(
    optionsOf({
      async head() {
        asked.heads += 1
        if (away.head) throw new Error('the object is restarting')
        return head()
      },
      objects: {
        ...objects,
        async get(name) {
          asked.gets.push(name)
          if (away.objects) throw new Error('the bucket is away')
          return objects.get(name)
        },
      },
    }),
  )
}

async function addLists(): Promise<void> {
  const crls = await pki.authority.crls(start, dayMs)
  const lists = crls.map(async ({ der }) => ({
    file: await storeObject(objects, der),
    source: 'test',
  }))
  await managed.change({ kind: 'add_lists', lists: await Promise.all(lists) }, 'test')
}

const revoke = (serial: string) => {
  const word = { issuer: toBase64(toUtf8('a name')), serial, reason: '' }
  return managed.change({ kind: 'revoke_serials', serials: [word] }, 'test')
}

async function revokedNow(): Promise<number | undefined> {
  const store = await followed.current()
  return store && [...store.revokedSerials.values()].reduce((sum, { size }) => sum + size, 0)
}

test('the document in force makes the snapshot, with the epoch of its head', async () => {
  const store = await followed.current()
  expect(store?.epoch).toBe(2)
  expect(store?.anchorsBySubject.size).toBe(1)
  expect(store?.crlsByIssuer.size).toBe(2)
  expect(problems).toEqual([])
})

test('a revocation is noticed within maxStaleness, and nothing but the document is loaded for it', async () => {
  await followed.current()
  asked.gets.length = 0
  await revoke('01')
  expect(await revokedNow()).toBe(0)
  clock.advance(staleMs)
  expect(await revokedNow()).toBe(1)
  expect(asked.gets).toEqual([managed.head()?.document])
})

test('from half the age on it is asked again beside the request, once', async () => {
  await followed.current()
  await revoke('01')
  clock.advance(staleMs / 2)
  expect(await revokedNow()).toBe(0)
  expect(await revokedNow()).toBe(0)
  expect(background.length).toBe(1)
  await Promise.all(background)
  expect(await revokedNow()).toBe(1)
  expect(asked.heads).toBe(2)
})

describe('the control plane is away', () => {
  test.each(['head', 'objects'] as const)(
    '%s: the last good snapshot decides on, for a bounded time',
    async (part) => {
      await followed.current()
      await revoke('01')
      away[part] = true
      clock.advance(staleMs)
      expect(await revokedNow()).toBe(0)
      expect(problems.length).toBe(4)
      clock.advance(failStaticMs)
      expect(await followed.current()).toBeUndefined()
      away[part] = false
      expect(await revokedNow()).toBe(1)
    },
  )

  test('a restart in between is not noticed', async () => {
    followed = createFollowedTrustStore(optionsOf({ head: once(new Error('restarting'), managed) }))
    expect(await revokedNow()).toBe(0)
    expect(problems.map(({ because }) => because)).toEqual(['Error: restarting'])
  })

  test('a cold start without it has no trust store', async () => {
    away.head = true
    expect(await followed.current()).toBeUndefined()
  })
})

test('a slow bucket: what is decided by was asked for within the bound', async () => {
  const first = managed.head()?.document
  const slow: Objects = {
    ...objects,
    async get(name) {
      // While the first document comes, a device is revoked, and the answer is out of date.
      if (name === first) {
        await revoke('01')
        clock.advance(2 * staleMs)
      }
      return objects.get(name)
    },
  }
  followed = createFollowedTrustStore(optionsOf({ objects: slow }))
  expect(await revokedNow()).toBe(1)
})

test('a store that was deleted lets nobody in, within the bound and not a minute later', async () => {
  await followed.current()
  await managed.change({ kind: 'delete' }, 'test')
  clock.advance(staleMs)
  expect(await followed.current()).toBeUndefined()
  expect(problems.at(-1)?.because).toContain('does not exist')
})

test('an earlier epoch than one that was seen is not followed', async () => {
  let says = managed.head()
  followed = follow(async () => says)
  await followed.current()
  says = says && { ...says, epoch: 1 }
  clock.advance(staleMs)
  expect((await followed.current())?.epoch).toBe(2)
  expect(problems[0]?.because).toContain('epoch 1 was said after epoch 2')
})

test('an object that holds other octets than its name says is not taken', async () => {
  const spoilt: Objects = { ...objects, get: async () => toUtf8('{"form":1}') }
  followed = createFollowedTrustStore(optionsOf({ objects: spoilt }))
  expect(await followed.current()).toBeUndefined()
  expect(problems[0]?.because).toContain('holds other octets')
})

/** A control plane that fails the first time it is asked. */
function once(failure: Error, store: ManagedTrustStore): () => Promise<StoreHead | undefined> {
  let isFirst = true
  return async () => {
    if (!isFirst) return store.head()
    isFirst = false
    throw failure
  }
}
