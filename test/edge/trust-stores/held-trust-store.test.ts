import { beforeEach, describe, expect, test } from 'vitest'
import type { HeldTrustStore, TrustFileProblem } from '#edge/trust-stores/held-trust-store.ts'
import { toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { encodePem } from '#shared/wire/pem.ts'
import type { PublishedCrl } from '#simulator/ca/authority.ts'
import { createCrl } from '#simulator/ca/crl.ts'
import { createHierarchy, type Ca } from '#simulator/ca/hierarchy.ts'
import { dayMs } from '../../runtime/given.ts'
import { until } from '../mqtt/fakes.ts'
import {
  createPki,
  heldOf,
  memoryBucket,
  setClock,
  staleMs,
  start,
  type Pki,
  type SetClock,
} from '../stage.ts'

let pki: Pki
let clock: SetClock
let problems: TrustFileProblem[]
let held: HeldTrustStore

beforeEach(async () => {
  pki = await createPki()
  pki.bucket.put('intermediates.pem', toUtf8(pki.authority.intermediatesPem))
  clock = setClock()
  problems = []
  held = heldOf(pki.bucket, clock, problems)
})

/** The numbers of the lists in force, in the order of their names. */
function numbers(store: TrustStore | undefined): readonly number[] {
  const crls = [...(store?.crlsByIssuer.values() ?? [])].flat()
  return crls.map(({ number }) => Number(number))
}

async function later(ms = staleMs): Promise<TrustStore | undefined> {
  clock.advance(ms)
  return held.current()
}

/** Lists that would follow the ones in the bucket, without putting them there. */
async function nextLists(): Promise<Readonly<Record<'issuing-1' | 'root', Bytes>>> {
  const crls = await pki.authority.crls(start, dayMs)
  const of = (issuer: string): Bytes =>
    crls.find((crl: PublishedCrl) => crl.issuer === issuer)?.der ?? new Uint8Array()
  return { root: of('root'), 'issuing-1': of('issuing-1') }
}

test('anchors, intermediates and lists make a snapshot', async () => {
  const store = await held.current()
  expect(store?.anchorsBySubject.size).toBe(1)
  expect(store?.intermediatesBySubject.size).toBe(1)
  expect(numbers(store)).toEqual([1, 1])
  expect(problems).toEqual([])
})

describe('the bucket is asked at most once in maxStaleness, by the given clock', () => {
  test.each([
    { advanced: 0, listings: 1 },
    { advanced: staleMs - 1, listings: 1 },
    { advanced: staleMs, listings: 2 },
    // Set back: nobody knows how old the snapshot is.
    { advanced: -1, listings: 2 },
    { advanced: -dayMs, listings: 2 },
  ])('after $advanced ms: listed $listings times', async ({ advanced, listings }) => {
    await held.current()
    await later(advanced)
    expect(pki.bucket.listings).toBe(listings)
  })

  test('what has not changed is listed and not read', async () => {
    const before = await held.current()
    const reads = pki.bucket.reads.length
    expect(await later()).toBe(before)
    expect(pki.bucket.listings).toBe(2)
    expect(pki.bucket.reads.length).toBe(reads)
  })

  test('what has changed is read, and nothing else', async () => {
    await held.current()
    const reads = pki.bucket.reads.length
    pki.bucket.put('crl/root.crl', (await nextLists()).root)
    expect(numbers(await later())).toEqual([2, 1])
    expect(pki.bucket.reads.slice(reads)).toEqual(['crl/root.crl'])
  })

  test('a new list is in force from the first question after maxStaleness', async () => {
    await held.current()
    await pki.publish(start)
    expect(numbers(await later(staleMs - 1))).toEqual([1, 1])
    expect(numbers(await later(1))).toEqual([2, 2])
  })
})

describe('a failed update is never an empty list', () => {
  const failures: readonly {
    name: string
    spoil: () => Promise<void> | void
    because: string
  }[] = [
    {
      name: 'damaged',
      spoil: async () => {
        const damaged = (await nextLists()).root.slice()
        damaged[4] = 0xff
        pki.bucket.put('crl/root.crl', damaged)
      },
      because: 'byte 3',
    },
    {
      name: 'changed inside its signature',
      spoil: async () => {
        const damaged = (await nextLists()).root.slice()
        damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
        pki.bucket.put('crl/root.crl', damaged)
      },
      because: 'not signed',
    },
    {
      name: 'truncated',
      spoil: async () => {
        const { root } = await nextLists()
        pki.bucket.put('crl/root.crl', root.slice(0, 100))
      },
      because: 'byte',
    },
    {
      name: 'empty',
      spoil: () => pki.bucket.put('crl/root.crl', new Uint8Array()),
      because: 'line 1',
    },
    {
      name: 'HTML',
      spoil: () => pki.bucket.put('crl/root.crl', toUtf8('<html>captive portal</html>')),
      because: 'line 1',
    },
    {
      name: 'vanished',
      spoil: () => pki.bucket.remove('crl/root.crl'),
      because: 'it has vanished',
    },
    {
      name: 'of another issuer',
      spoil: async () => pki.bucket.put('crl/root.crl', (await nextLists())['issuing-1']),
      because: 'another issuer',
    },
  ]

  test.each(failures)('a list that is $name leaves the last good one', async (failure) => {
    await held.current()
    await failure.spoil()
    expect(numbers(await later())).toEqual([1, 1])
    expect(problems).toMatchObject([
      { name: 'crl/root.crl', because: expect.stringContaining(failure.because) },
    ])
  })

  test('an older number leaves the last good one', async () => {
    const old = pki.bucket
    const first = await old.read('crl/root.crl')
    await pki.publish(start)
    await held.current()
    old.put('crl/root.crl', first ?? new Uint8Array())
    expect(numbers(await later())).toEqual([2, 2])
    expect(problems).toMatchObject([
      { name: 'crl/root.crl', because: 'CRL number 1 does not follow 2' },
    ])
  })

  test('the bad file is told once, and the mended one is taken', async () => {
    await held.current()
    pki.bucket.put('crl/root.crl', toUtf8('<html>'))
    await later()
    await later()
    expect(problems).toHaveLength(1)
    pki.bucket.put('crl/root.crl', (await nextLists()).root)
    expect(numbers(await later())).toEqual([2, 1])
    expect(problems).toHaveLength(1)
  })

  test('a vanished file is told once, and taken when it comes back', async () => {
    await held.current()
    pki.bucket.remove('crl/root.crl')
    await later()
    await later()
    expect(problems).toHaveLength(1)
    pki.bucket.put('crl/root.crl', (await nextLists()).root)
    expect(numbers(await later())).toEqual([2, 1])
  })

  test('the same list, written again, is no rollback', async () => {
    await held.current()
    pki.bucket.put('crl/root.crl', (await pki.bucket.read('crl/root.crl')) ?? new Uint8Array())
    expect(numbers(await later())).toEqual([1, 1])
    expect(problems).toEqual([])
  })

  test.each(['', '<html>', '-----BEGIN CERTIFICATE-----\nAAAA'])(
    'anchors that read %j leave the last good ones',
    async (text) => {
      const before = await held.current()
      pki.bucket.put('anchors.pem', toUtf8(text))
      const after = await later()
      expect(after?.anchorsBySubject.size).toBe(1)
      expect(after?.trustHash).toBe(before?.trustHash)
      expect(problems).toMatchObject([{ name: 'anchors.pem' }])
    },
  )

  test('an empty bucket leaves everything', async () => {
    await held.current()
    for (const name of ['anchors.pem', 'intermediates.pem', 'crl/root.crl', 'crl/issuing-1.crl']) {
      pki.bucket.remove(name)
    }
    const store = await later()
    expect(store?.anchorsBySubject.size).toBe(1)
    expect(numbers(store)).toEqual([1, 1])
    expect(problems).toHaveLength(4)
  })

  test('files that are none of a trust store are left alone', async () => {
    pki.bucket.put('README.md', toUtf8('notes'))
    await held.current()
    expect(pki.bucket.reads).not.toContain('README.md')
    expect(problems).toEqual([])
  })
})

describe('a bucket that fails', () => {
  test('to list: the last good snapshot stays, it is told, and the next request asks again', async () => {
    const before = await held.current()
    await pki.publish(start)
    pki.bucket.fails = 'listing'
    expect(await later()).toBe(before)
    expect(problems).toMatchObject([
      { name: '(listing)', because: expect.stringContaining('the bucket is away') },
    ])
    pki.bucket.fails = 'nothing'
    expect(numbers(await held.current())).toEqual([2, 2])
  })

  test('to read: it is told, and what was not read is read again', async () => {
    await held.current()
    await pki.publish(start)
    pki.bucket.fails = 'reading'
    expect(numbers(await later())).toEqual([1, 1])
    expect(problems.map(({ name }) => name)).toEqual(['crl/root.crl', 'crl/issuing-1.crl'])
    pki.bucket.fails = 'nothing'
    expect(numbers(await later())).toEqual([2, 2])
  })

  test('a file that goes between listing and reading is told, and read again', async () => {
    const bucket = memoryBucket()
    bucket.put('anchors.pem', toUtf8(pki.authority.anchorsPem))
    bucket.put('crl/root.crl', (await nextLists()).root)
    const gone = { on: true }
    const files = {
      list: () => bucket.list(),
      read: async (name: string) =>
        gone.on && name === 'crl/root.crl' ? undefined : bucket.read(name),
    }
    held = heldOf(files, clock, problems)
    expect(numbers(await held.current())).toEqual([])
    expect(problems).toMatchObject([{ name: 'crl/root.crl' }])
    gone.on = false
    expect(numbers(await later())).toEqual([2])
  })

  test.each(['listing', 'reading'] as const)('from the first on (%s): nothing', async (fails) => {
    pki.bucket.fails = fails
    expect(await held.current()).toBeUndefined()
    expect(problems.length).toBeGreaterThan(0)
    pki.bucket.fails = 'nothing'
    expect(numbers(await held.current())).toEqual([1, 1])
  })
})

test('without anchors there is nothing to decide by, and it is told', async () => {
  pki.bucket.remove('anchors.pem')
  expect(await held.current()).toBeUndefined()
  expect(problems).toMatchObject([{ name: 'anchors.pem', because: 'no trust anchor is at hand' }])
  pki.bucket.put('anchors.pem', toUtf8(pki.authority.anchorsPem))
  expect(numbers(await held.current())).toEqual([1, 1])
})

/** A bucket whose reads of one list wait, the octets in hand, until the test lets them go. */
function gatedBucket() {
  const waiting: (() => void)[] = []
  const files = {
    list: () => pki.bucket.list(),
    async read(name: string) {
      const octets = await pki.bucket.read(name)
      if (name === 'crl/root.crl') await new Promise<void>((resolve) => waiting.push(resolve))
      return octets
    },
  }
  return { files, waiting }
}

describe('requests side by side', () => {
  test('older evidence does not follow newer, whichever answer comes last', async () => {
    const { files, waiting } = gatedBucket()
    held = heldOf(files, clock, problems)
    const older = held.current()
    await until(() => waiting.length === 1)
    await pki.publish(start)
    const newer = held.current()
    await until(() => waiting.length === 2)
    waiting[1]?.()
    expect(numbers(await newer)).toEqual([2, 2])
    waiting[0]?.()
    expect(numbers(await older)).toEqual([2, 2])
    expect(numbers(await held.current())).toEqual([2, 2])
  })

  test('the first requests of an isolate all get the whole snapshot', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, async () => held.current()))
    expect(stores.map(numbers)).toEqual(Array.from({ length: 5 }, () => [1, 1]))
  })

  test('a request that fails beside one that succeeds gets the snapshot', async () => {
    await held.current()
    await pki.publish(shift(start, 1000))
    clock.advance(staleMs)
    pki.bucket.fails = 'listing'
    const failing = held.current()
    pki.bucket.fails = 'nothing'
    const [during, after] = await Promise.all([failing, held.current()])
    expect(numbers(during).length).toBe(2)
    expect(numbers(after)).toEqual([2, 2])
  })
})

function listOf(ca: Ca, number: number, count: number): Bytes {
  const entries = Array.from({ length: count }, (_, index) => ({
    serial: (0x4000 + index).toString(16),
    at: start,
    reason: 'keyCompromise' as const,
  }))
  return createCrl(ca, { entries, number, at: start, nextUpdateMs: dayMs })
}

describe('a list that has shrunk waits for the operator’s word', () => {
  test('which is a file beside it, and holds for no other list', async () => {
    const { root } = await createHierarchy({ seed: 1, start, intermediates: 1 })
    const bucket = memoryBucket()
    bucket.put('anchors.pem', toUtf8(encodePem('CERTIFICATE', root.der)))
    bucket.put('crl/root.crl', listOf(root, 1, 40))
    held = heldOf(bucket, clock, problems)
    expect(numbers(await held.current())).toEqual([1])
    const shrunk = listOf(root, 2, 3)
    bucket.put('crl/root.crl', shrunk)
    expect(numbers(await later())).toEqual([1])
    expect(problems).toMatchObject([{ because: expect.stringContaining('from 40 entries to 3') }])
    const digest = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', shrunk)))
    bucket.put('crl/root.crl.accept-shrink', toUtf8(digest))
    expect(numbers(await later())).toEqual([2])
    bucket.put('crl/root.crl', listOf(root, 3, 40))
    expect(numbers(await later())).toEqual([3])
    bucket.put('crl/root.crl', listOf(root, 4, 3))
    expect(numbers(await later())).toEqual([3])
    expect(problems).toHaveLength(2)
  })
})
