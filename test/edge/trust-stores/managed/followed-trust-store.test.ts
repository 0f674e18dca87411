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
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { memoryObjects, storeObject, type Objects } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toHex, toUtf8 } from '#shared/bytes.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { decodeManifest } from '#shared/revocation/compiled/manifest.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { verify } from '#shared/verify.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
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

test('an hour of traffic costs a question every half of the bound, and an object for each change', async () => {
  await followed.current()
  const before = { heads: asked.heads, gets: asked.gets.length }
  let beside = 0
  for (let second = 0; second < 3600; second += 0.5) {
    clock.advance(500)
    if (second === 1000) await revoke('01')
    await followed.current()
    beside += background.length
    await Promise.all(background.splice(0))
  }
  // None of them in the way of a request.
  expect(beside).toBe(asked.heads - before.heads)
  expect(asked.heads - before.heads).toBe((3600 * 1000) / (staleMs / 2))
  expect(asked.gets.length - before.gets).toBe(1)
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

test.each([
  { name: 'for longer than the bound', ms: 2 * staleMs },
  { name: 'nobody knows how long: the clock is set back', ms: -staleMs },
])('a bucket is slow, $name: what is decided by was asked for within the bound', async ({ ms }) => {
  const first = managed.head()?.document
  const slow: Objects = {
    ...objects,
    async get(name) {
      // While the first document comes, a device is revoked, and the answer is out of date.
      if (name === first) {
        await revoke('01')
        clock.advance(ms)
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

test('of many objects one that fails is asked again by itself', async () => {
  let gets = 0
  const flaky: Objects = {
    ...objects,
    async get(name) {
      gets += 1
      if (gets % 2 === 0) throw new Error('the bucket is away')
      return objects.get(name)
    },
  }
  followed = createFollowedTrustStore(optionsOf({ objects: flaky }))
  expect((await followed.current())?.epoch).toBe(2)
  expect(problems).toEqual([])
})

test('an object that holds other octets than its name says is not taken', async () => {
  const spoilt: Objects = { ...objects, get: async () => toUtf8('{"form":1}') }
  followed = createFollowedTrustStore(optionsOf({ objects: spoilt }))
  expect(await followed.current()).toBeUndefined()
  expect(problems[0]?.because).toContain('holds other octets')
})

const revokeInList = ({ serial }: DeviceCredential): void =>
  pki.authority.revoke(serial, start, 'keyCompromise')

/** What comes of a device, by the snapshot that is in force. */
async function knock({ leafDer, intermediateDer }: DeviceCredential): Promise<string> {
  const store = await followed.current()
  if (store === undefined) return 'no store'
  const verified = createWebCryptoVerifier()
  const decision = await verify(
    { kind: 'chain', leaf: leafDer, intermediates: [intermediateDer] },
    {
      store,
      policy: strictPolicy,
      now: clock.now(),
      verifier: verified,
      crls: createAuthenticatedCrls(verified),
    },
  )
  if (decision.outcome === 'accepted') return 'in'
  const { rejection } = decision
  return rejection.code === 'revocation_unknown' ? rejection.gap : rejection.code
}

function raise(because: string): never {
  throw new Error(because)
}

/** Of the newest large list. */
async function shardNames(): Promise<readonly string[]> {
  const document = await managed.document()
  const manifest = document?.lists.flatMap((list) => list.manifest ?? []).at(-1) ?? ''
  const octets = await objects.get(manifest)
  const read = octets && decodeManifest(octets)
  return read?.ok === true ? read.value.shards.map(({ sha256 }) => toHex(sha256)) : []
}

/** A control plane that fails the first time it is asked. */
function once(failure: Error, store: ManagedTrustStore): () => Promise<StoreHead | undefined> {
  let isFirst = true
  return async () => {
    if (!isFirst) return store.head()
    isFirst = false
    throw failure
  }
}

describe('while the control plane is away', () => {
  test('it is asked once a second beside the requests, which are decided at once', async () => {
    await followed.current()
    away.head = true
    clock.advance(staleMs)
    await followed.current()
    const { heads } = asked
    expect(await revokedNow()).toBe(0)
    expect(asked.heads).toBe(heads)
    clock.advance(1000)
    // The question is under way, and none of these waits for it.
    const side = Array.from({ length: 5 }, () => followed.current())
    expect(asked.heads).toBe(heads + 1)
    await Promise.all([...side, ...background])
    expect(asked.heads).toBe(heads + 4)
    clock.advance(1000)
    away.head = false
    await revoke('01')
    expect(await revokedNow()).toBe(0)
    await Promise.all(background)
    expect(await revokedNow()).toBe(1)
  })

  test('who comes after a pause in which it may be back waits to know', async () => {
    await followed.current()
    away.head = true
    clock.advance(staleMs)
    await followed.current()
    away.head = false
    await revoke('01')
    clock.advance(staleMs)
    expect(await revokedNow()).toBe(1)
  })

  test('one that hangs is no better than one that fails', async () => {
    await followed.current()
    const held = createFollowedTrustStore(
      optionsOf({
        head: () => new Promise(() => undefined),
        after: (ms, action) => {
          clock.advance(ms)
          action()
          return () => undefined
        },
      }),
    )
    expect(await held.current()).toBeUndefined()
    expect(problems[0]?.because).toContain('no answer within 2000 ms')
  })
})

test('a clock that is set back does not keep what was asked before from being asked again', async () => {
  clock.advance(60 * dayMs)
  await followed.current()
  clock.advance(-60 * dayMs)
  await revoke('01')
  expect(await revokedNow()).toBe(1)
  clock.advance(staleMs - 1)
  await revoke('02')
  expect(await revokedNow()).toBe(1)
})

describe('a list of more entries than are loaded whole', () => {
  const limits = { ...defaultStoreLimits, wholeEntriesMax: 3 }
  let devices: DeviceCredential[]
  let lost: Set<string>

  beforeEach(async () => {
    managed = openManagedTrustStore({
      sql: nodeSql(':memory:'),
      objects,
      limits,
      clock,
      verifier: createWebCryptoVerifier(),
    })
    const file = await storeObject(objects, toUtf8(pki.authority.anchorsPem))
    await managed.change({ kind: 'replace_bundle', file }, 'test')
    const intermediates = await storeObject(objects, toUtf8(pki.authority.intermediatesPem))
    await managed.change({ kind: 'replace_intermediates', file: intermediates }, 'test')
    devices = []
    for (let index = 0; index < 6; index += 1) devices.push(await pki.issue(`car-${index}`))
    for (const each of devices.slice(0, 5)) revokeInList(each)
    await addLists()
    lost = new Set()
    followed = createFollowedTrustStore(
      optionsOf({
        objects: {
          ...objects,
          async get(name) {
            asked.gets.push(name)
            return lost.has(name) ? undefined : objects.get(name)
          },
        },
      }),
    )
  })

  const knockOf = (index: number): Promise<string> =>
    knock(devices[index] ?? raise(`there is no device ${index}`))

  test('is compiled at the gate, and its shards are loaded when they are asked', async () => {
    const document = await managed.document()
    const large = document?.lists.find(({ entries }) => entries === 5)
    expect(large?.manifest).toMatch(/^[0-9a-f]{64}$/)
    expect(document?.lists.filter(({ manifest }) => manifest !== undefined)).toHaveLength(1)
    await followed.current()
    expect(asked.gets).toContain(large?.manifest)
    expect(asked.gets).not.toContain(large?.file)
    const before = asked.gets.length
    for (const device of devices.slice(0, 5)) expect(await knock(device)).toBe('revoked')
    expect(devices[5] && (await knock(devices[5]))).toBe('in')
    expect(asked.gets.length).toBe(before + 1)
  })

  test('a shard that is not to be had clears nobody; it is asked for again, and then it does', async () => {
    const [shard = ''] = await shardNames()
    lost.add(shard)
    expect(devices[5] && (await knock(devices[5]))).toBe('not_at_hand')
    expect(problems.at(-1)?.because).toContain('is missing')
    lost.clear()
    expect(devices[5] && (await knock(devices[5]))).toBe('in')
  })

  describe('is replaced, and the shards of the new one are away', () => {
    /** Of `devices`: on both lists, on the new one alone, on none. */
    const [revokedBefore, revokedNext, healthy] = [4, 5, 6]
    let broken: Set<string>
    let triesLeft: number

    const publishNext = async (): Promise<void> => {
      revokeInList(devices[revokedNext] ?? raise('no device'))
      await addLists()
      broken = new Set(await shardNames())
      clock.advance(staleMs)
    }

    const follower = (changes: Partial<FollowedTrustStoreOptions> = {}): HeldTrustStore =>
      createFollowedTrustStore(
        optionsOf({
          objects: {
            ...objects,
            async get(name) {
              asked.gets.push(name)
              if (!broken.has(name)) return objects.get(name)
              triesLeft -= 1
              if (triesLeft < 0) return objects.get(name)
              throw new Error('the bucket is away')
            },
          },
          ...changes,
        }),
      )

    const shardGets = (): number => asked.gets.filter((name) => broken.has(name)).length

    beforeEach(async () => {
      broken = new Set()
      triesLeft = Number.POSITIVE_INFINITY
      devices.push(await pki.issue('car-6'))
      followed = follower()
      await knockOf(healthy)
      await publishNext()
    })

    test('the list before it decides on, and what is small in the epoch counts at once', async () => {
      expect(await knockOf(healthy)).toBe('in')
      expect(await knockOf(revokedBefore)).toBe('revoked')
      expect(await knockOf(revokedNext)).toBe('in')
      const issuer = (await managed.document())?.lists.find(({ entries }) => entries > 0)?.issuer
      const serial = devices[healthy]?.serial ?? ''
      const word = { issuer: issuer ?? '', serial, reason: '' }
      await managed.change({ kind: 'revoke_serials', serials: [word] }, 'test')
      clock.advance(staleMs)
      expect(await knockOf(healthy)).toBe('revoked')
    })

    test('whom the new list revokes is refused with the first question after the shard is back', async () => {
      expect(await knockOf(revokedNext)).toBe('in')
      triesLeft = 0
      clock.advance(1000)
      await knockOf(revokedNext)
      await Promise.all(background)
      expect(await knockOf(revokedNext)).toBe('revoked')
      expect(await knockOf(healthy)).toBe('in')
    })

    test('nobody waits for it while it is known to be away; it is asked once a second', async () => {
      expect(await knockOf(healthy)).toBe('in')
      const [before, at] = [shardGets(), clock.now()]
      const told = problems.length
      for (let count = 0; count < 5; count += 1) expect(await knockOf(healthy)).toBe('in')
      expect(shardGets()).toBe(before)
      expect(problems.length).toBe(told)
      clock.advance(1000)
      for (let count = 0; count < 5; count += 1) await knockOf(healthy)
      expect(shardGets()).toBe(before + 1)
      expect(clock.now() - at).toBe(1000)
    })

    test('after fail-static nobody is cleared by what was in force before', async () => {
      expect(await knockOf(healthy)).toBe('in')
      clock.advance(failStaticMs)
      expect(await knockOf(healthy)).toBe('not_at_hand')
      expect(await knockOf(revokedNext)).toBe('not_at_hand')
    })

    test('the exposure that is told is that of the list that decided', async () => {
      followed.exposure?.()
      await knockOf(healthy)
      expect(followed.exposure?.().ageMaxMs).toBeGreaterThan(staleMs)
    })

    test('and another comes before it does: the last whose shard is at hand decides', async () => {
      await knockOf(healthy)
      const first = broken
      revokeInList(devices[0] ?? raise('no device'))
      devices.push(await pki.issue('car-7'))
      revokeInList(devices[7] ?? raise('no device'))
      await addLists()
      broken = new Set([...first, ...(await shardNames())])
      clock.advance(staleMs)
      expect(await knockOf(healthy)).toBe('in')
      expect(await knockOf(revokedBefore)).toBe('revoked')
    })

    test('and many requests load it side by side: the list before it decides all the same', async () => {
      await Promise.all(Array.from({ length: 10 }, () => revokedNow()))
      expect(await knockOf(healthy)).toBe('in')
      expect(await knockOf(revokedBefore)).toBe('revoked')
    })

    test('an isolate that starts cold has nothing before it: it waits, and clears nobody', async () => {
      followed = follower()
      expect(await knockOf(healthy)).toBe('not_at_hand')
      expect(await knockOf(revokedBefore)).toBe('not_at_hand')
    })

    test.each([
      { name: 'the last of its tries', tries: 7, says: 'in' },
      { name: 'one too late', tries: 8, says: 'not_at_hand' },
    ])('an isolate that starts cold is answered with $name: $says', async ({ tries, says }) => {
      followed = follower()
      triesLeft = tries
      expect(await knockOf(healthy)).toBe(says)
    })

    test('what comes when its patience is over is there for who asks next', async () => {
      const gate = Promise.withResolvers<void>()
      followed = follower({
        objects: {
          ...objects,
          async get(name) {
            if (broken.has(name)) await gate.promise
            return objects.get(name)
          },
        },
        after: (ms, action) => {
          // Of a shard that hangs: nothing else here takes time.
          if (ms >= 5000) queueMicrotask(action)
          return () => undefined
        },
      })
      expect(await knockOf(healthy)).toBe('not_at_hand')
      gate.resolve()
      await Promise.all(background)
      expect(await knockOf(healthy)).toBe('in')
      expect(await knockOf(revokedNext)).toBe('revoked')
    })
  })

  test('offered again it is no change; the next one is checked against it and takes its place', async () => {
    const file = (await managed.document())?.lists.find(({ entries }) => entries === 5)?.file ?? ''
    const epoch = managed.head()?.epoch
    await managed.change({ kind: 'add_lists', lists: [{ file, source: 'again' }] }, 'test')
    expect(managed.head()?.epoch).toBe(epoch)
    if (devices[5]) revokeInList(devices[5])
    await addLists()
    clock.advance(staleMs)
    expect(devices[5] && (await knock(devices[5]))).toBe('revoked')
  })
})

describe('the exposure window is told', () => {
  test('how old the head is, and the oldest that a decision went by since it was told', async () => {
    expect(followed.exposure?.()).toMatchObject({ ageMs: undefined, ageMaxMs: 0 })
    await followed.current()
    clock.advance(staleMs - 1)
    await followed.current()
    await Promise.all(background)
    expect(followed.exposure?.()).toEqual({
      ageMs: 0,
      ageMaxMs: staleMs - 1,
      adoptionMs: undefined,
      adoptionMaxMs: undefined,
    })
    expect(followed.exposure?.().ageMaxMs).toBe(0)
  })

  test('how long an epoch took to get here; the one that was in force before does not count', async () => {
    await followed.current()
    await revoke('01')
    clock.advance(staleMs)
    await followed.current()
    expect(followed.exposure?.()).toMatchObject({ adoptionMs: staleMs, adoptionMaxMs: staleMs })
    expect(followed.exposure?.()).toMatchObject({ adoptionMs: staleMs, adoptionMaxMs: undefined })
  })
})
