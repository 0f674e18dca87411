import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '#edge/trust-stores/managed/changes.ts'
import { defaultStoreLimits, listsInForce } from '#edge/trust-stores/managed/document.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
  type ManagedTrustStoreOptions,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { memoryObjects, storeObject, type Objects } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createPki, setClock, start, type Pki } from '../../stage.ts'
import { dayMs } from '../../../runtime/given.ts'

let pki: Pki
let options: ManagedTrustStoreOptions & { sql: ReturnType<typeof nodeSql> }
let store: ManagedTrustStore

beforeEach(async () => {
  pki = await createPki()
  options = {
    sql: nodeSql(':memory:'),
    objects: memoryObjects(),
    limits: defaultStoreLimits,
    clock: setClock(),
    verifier: createWebCryptoVerifier(),
  }
  store = openManagedTrustStore(options)
})

afterEach(() => options.sql.close())

const stored = (octets: Bytes): Promise<string> => storeObject(options.objects, octets)

async function bundle(): Promise<Change> {
  return { kind: 'replace_bundle', file: await stored(toUtf8(pki.authority.anchorsPem)) }
}

/** The next lists of the two CAs, each in a change of its own. */
async function nextLists(): Promise<readonly Change[]> {
  const crls = await pki.authority.crls(start, dayMs)
  return Promise.all(
    crls.map(async ({ der }): Promise<Change> => {
      const lists = [{ file: await stored(der), source: 'upload' }]
      return { kind: 'add_lists', lists }
    }),
  )
}

async function made(change: Change): Promise<number> {
  const head = await store.change(change, 'alice')
  return head.ok ? head.value.epoch : Number.NaN
}

async function codeOf(change: Parameters<ManagedTrustStore['change']>[0]): Promise<string> {
  const head = await store.change(change, 'mallory')
  return head.ok ? `epoch ${head.value.epoch}` : head.error.code
}

test('before its bundle there is no store, and nothing else makes one', async () => {
  expect(store.head()).toBeUndefined()
  const [list] = await nextLists()
  expect(list && (await codeOf(list))).toBe('store_not_found')
  expect(await made(await bundle())).toBe(1)
  expect((await store.document())?.bundle.certificates).toBe(1)
})

describe('each change is an epoch, and what is refused is none', () => {
  beforeEach(async () => {
    await made(await bundle())
    const intermediates = await stored(toUtf8(pki.authority.intermediatesPem))
    await made({ kind: 'replace_intermediates', file: intermediates })
    for (const change of await nextLists()) await made(change)
  })

  test('lists are in force, with what they say of themselves', async () => {
    const document = await store.document()
    expect(store.head()?.epoch).toBe(4)
    expect(listsInForce(document ?? { lists: [] })).toMatchObject([
      { id: 1, kind: 'complete', number: '2', entries: 0 },
      { id: 2, kind: 'complete', number: '2', entries: 0 },
    ])
  })

  test('the next list of an issuer takes the place of the one before', async () => {
    for (const change of await nextLists()) await made(change)
    const document = await store.document()
    expect(document?.lists.map(({ id, supersededBy }) => [id, supersededBy])).toEqual([
      [1, 3],
      [2, 4],
      [3, undefined],
      [4, undefined],
    ])
  })

  test('taking the newest list away brings no older one back', async () => {
    for (const change of await nextLists()) await made(change)
    await made({ kind: 'remove_lists', ids: [3] })
    expect(listsInForce((await store.document()) ?? { lists: [] }).map(({ id }) => id)).toEqual([4])
  })

  test('the list in force, offered again, is no change', async () => {
    const lists = (await store.document())?.lists ?? []
    const offered = lists.map(({ file }) => ({ file, source: 'upload' }))
    expect(await made({ kind: 'add_lists', lists: offered })).toBe(4)
  })

  test.each([
    [
      'a list nobody stored',
      { kind: 'add_lists', lists: [{ file: 'f'.repeat(64), source: 'x' }] },
      'file_not_found',
    ],
    ['a list id that never was', { kind: 'remove_lists', ids: [1, 9] }, 'list_not_found'],
    [
      'a serial that is none',
      { kind: 'revoke_serials', serials: [{ issuer: '', serial: 'xyz', reason: '' }] },
      'serial_malformed',
    ],
    [
      'a word that was not given',
      { kind: 'restore_serials', serials: [{ issuer: '', serial: '01' }] },
      'serial_not_revoked',
    ],
    ['an epoch that never was', { kind: 'roll_back', epoch: 77 }, 'epoch_not_found'],
  ] as const)('%s: %s refused, told in the audit log', async (_name, change, code) => {
    const before = store.head()
    expect(await codeOf(change)).toBe(code)
    expect(store.head()).toEqual(before)
    expect(store.audit({ limit: 1 })).toMatchObject([
      { by: 'mallory', change, outcome: { kind: 'refused', refusal: { code } } },
    ])
  })

  test.each([
    ['a list cut off', (der: Bytes) => der.slice(0, -1), 'malformed_crl'],
    ['an error page with status 200', () => toUtf8('<html>503</html>'), 'malformed_crl'],
    ['a list with a flipped bit in its signature', flipped, 'not_signed_by_issuer'],
  ])('%s: %s, and the last good list stays', async (_name, spoil, code) => {
    const [next] = await pki.authority.crls(start, dayMs)
    const file = await stored(spoil(next?.der ?? new Uint8Array()))
    const before = await store.document()
    expect(await codeOf({ kind: 'add_lists', lists: [{ file, source: 'upload' }] })).toBe(code)
    expect(await store.document()).toEqual(before)
  })

  test('an older list is refused, and an operator rolls back by word', async () => {
    const [, , first] = (await store.document())?.lists.map(({ file }) => file) ?? []
    expect(first).toBeUndefined()
    const old = (await store.document())?.lists[0]?.file ?? ''
    for (const change of await nextLists()) await made(change)
    const lists = [{ file: old, source: 'upload' }]
    expect(await codeOf({ kind: 'add_lists', lists })).toBe('number_not_advanced')
    expect(await codeOf({ kind: 'roll_back', epoch: 4 })).toBe('epoch 7')
    expect(await store.document()).toEqual(await store.document(4))
  })

  test('ids are never given again, not even after a roll-back', async () => {
    await store.change({ kind: 'roll_back', epoch: 2 }, 'alice')
    const [, issuing] = await nextLists()
    if (issuing !== undefined) await made(issuing)
    expect((await store.document())?.lists.map(({ id }) => id)).toEqual([3])
  })

  test('a serial is revoked by word, once, and the word is taken back', async () => {
    const issuer = toBase64(toUtf8('a name'))
    const word = { issuer, serial: '00:0a:ff', reason: 'key compromise' }
    await made({ kind: 'revoke_serials', serials: [word, { ...word, serial: '0AFF' }] })
    expect((await store.document())?.revoked).toEqual([
      { issuer, serial: '0AFF', reason: 'key compromise', since: start },
    ])
    await made({
      kind: 'restore_serials',
      serials: [{ issuer, serial: '0aff' }],
    })
    expect((await store.document())?.revoked).toEqual([])
  })

  test('deleted, there is no head; made again, the epochs go on', async () => {
    expect(await codeOf({ kind: 'delete' })).toBe('epoch 5')
    expect(store.head()).toBeUndefined()
    expect(await store.document()).toBeUndefined()
    expect(await codeOf({ kind: 'delete' })).toBe('store_not_found')
    expect(await made(await bundle())).toBe(6)
    expect(await codeOf({ kind: 'roll_back', epoch: 4 })).toBe('epoch 7')
  })

  test('it is all there when the database is opened again', async () => {
    const again = openManagedTrustStore(options)
    expect(again.head()).toEqual(store.head())
    expect(await again.document()).toEqual(await store.document())
    expect(again.audit({ limit: 99 })).toEqual(store.audit({ limit: 99 }))
  })
})

test('a store at its limit of lists swaps one in a single change', async () => {
  store = openManagedTrustStore({ ...options, limits: { ...defaultStoreLimits, listsMax: 2 } })
  await made(await bundle())
  for (const change of await nextLists()) await made(change)
  const [next] = await nextLists()
  if (next?.kind !== 'add_lists') throw new Error('expected lists')
  expect(await codeOf(next)).toBe('limit_exceeded')
  expect(await codeOf({ ...next, removing: [1] })).toBe('epoch 4')
})

test('what is asked side by side is made one after the other', async () => {
  await made(await bundle())
  const issuer = toBase64(toUtf8('a name'))
  const changes = ['01', '02', '03', '04'].map((serial) =>
    made({ kind: 'revoke_serials', serials: [{ issuer, serial, reason: '' }] }),
  )
  expect(await Promise.all(changes)).toEqual([2, 3, 4, 5])
  expect((await store.document())?.revoked.length).toBe(4)
})

test('a bucket that fails changes nothing, and what comes after goes on', async () => {
  await made(await bundle())
  let isAway = true
  const put: Objects['put'] = async (name, octets) => {
    if (isAway) throw new Error('R2 is away')
    await options.objects.put(name, octets)
  }
  const away = openManagedTrustStore({ ...options, objects: { ...options.objects, put } })
  const word = { issuer: '', serial: '01', reason: '' }
  const change = { kind: 'revoke_serials', serials: [word] } as const
  await expect(away.change(change, 'alice')).rejects.toThrow('R2 is away')
  expect(away.head()?.epoch).toBe(1)
  isAway = false
  expect(await away.change(change, 'alice')).toMatchObject({ ok: true, value: { epoch: 2 } })
})

function flipped(der: Bytes): Bytes {
  const spoilt = der.slice()
  const last = spoilt.length - 1
  spoilt[last] = (spoilt[last] ?? 0) ^ 1
  return spoilt
}
