import { beforeEach, describe, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { NewSource, Source } from '#edge/trust-stores/sources/source.ts'
import { dayMs } from '../../../runtime/given.ts'
import { start } from '../../stage.ts'
import { createWatched, type WatchedStage } from './watched.ts'

const hourMs = 3_600_000
const address = 'https://crl.example.com/issuing.crl'
let stage: WatchedStage

beforeEach(async () => {
  stage = await createWatched()
})

function add(wanted: Partial<NewSource> = {}): Source {
  const source = stage.watched.addSource({ kind: 'url', location: address, ...wanted }, 'alice')
  if (source.ok) return source.value
  throw new Error(source.error.because)
}

const only = (): Source => {
  const [source] = stage.watched.sources()
  if (source === undefined) throw new Error('there is no source')
  return source
}

const numbers = async (): Promise<readonly (string | undefined)[]> =>
  (await stage.inForce()).map(({ number }) => number)

const publish = async (): Promise<Bytes> => {
  const { issuing } = await stage.lists(dayMs)
  stage.publisher.publish(address, issuing)
  return issuing
}

test('what a source publishes is in force, by the change of that source', async () => {
  await publish()
  add()
  await stage.tick()
  expect(only()).toMatchObject({
    failures: 0,
    nextAt: start + hourMs,
    etag: '"edition-1"',
    lastOutcome: { kind: 'taken', epoch: 3 },
  })
  expect(await stage.inForce()).toMatchObject([{ number: '2', source: address }])
  expect(stage.store.audit({ limit: 1 })).toMatchObject([
    { by: 'source:1', outcome: { kind: 'made', epoch: 3 } },
  ])
})

test('asked again, a list that has not changed is neither sent nor told of', async () => {
  await publish()
  add()
  await stage.tick()
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(stage.publisher.asked.map(({ headers }) => headers['if-none-match'])).toEqual([
    undefined,
    '"edition-1"',
  ])
  expect(stage.store.audit({ limit: 9 }).length).toBe(4)
})

test('the same octets under another validator are no change and no line in the log', async () => {
  const list = await publish()
  add()
  await stage.tick()
  stage.publisher.publish(address, list)
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(only().etag).toBe('"edition-2"')
  expect(stage.store.audit({ limit: 9 }).length).toBe(4)
})

test('a list a day for a week: one in force, one that it took the place of, no more', async () => {
  add({ everyMs: dayMs })
  for (let day = 0; day < 7; day += 1) {
    await publish()
    stage.clock.set(only().nextAt)
    await stage.tick()
  }
  expect((await stage.store.document())?.lists.map(({ number }) => number)).toEqual(['7', '8'])
})

describe('what the gate refuses', () => {
  beforeEach(async () => {
    await publish()
    add()
    await stage.tick()
    stage.publisher.publish(address, toUtf8('<html>busy</html>'))
    stage.clock.set(only().nextAt)
    await stage.tick()
  })

  test('stays as a file and as a line, and the last good list stays in force', async () => {
    const { file = '', lastOutcome } = only()
    expect(lastOutcome).toMatchObject({ kind: 'refused', refusal: { code: 'malformed_crl' } })
    expect(await stage.objects.get(file)).toEqual(toUtf8('<html>busy</html>'))
    expect(await numbers()).toEqual(['2'])
    expect(stage.store.audit({ limit: 1 })).toMatchObject([
      { by: 'source:1', outcome: { kind: 'refused', refusal: { code: 'malformed_crl', file } } },
    ])
  })

  test('is told once, however often it comes, also after a break of the line', async () => {
    const lines = stage.store.audit({ limit: 99 }).length
    const list = toUtf8('<html>busy</html>')
    const answers = [
      () => new Response(list),
      () => new Response(null, { status: 503 }),
      () => new Response(list),
    ]
    for (const answer of answers) {
      stage.publisher.answer(address, answer)
      stage.clock.set(only().nextAt)
      await stage.tick()
    }
    expect(stage.store.audit({ limit: 99 }).length).toBe(lines)
    expect(only()).toMatchObject({ failures: 4, lastOutcome: { kind: 'refused' } })
  })

  test('is asked for again soon, and a good list ends it', async () => {
    expect(only().nextAt - stage.clock.now()).toBe(30_000)
    await publish()
    stage.clock.set(only().nextAt)
    await stage.tick()
    expect(only()).toMatchObject({ failures: 0, lastOutcome: { kind: 'taken' } })
    expect(await numbers()).toEqual(['3'])
  })
})

test('what was refused is judged once more when the store has changed, without being sent again', async () => {
  const { issuing } = await stage.lists(dayMs)
  const last = issuing.length - 1
  const spoilt = issuing.with(last, (issuing[last] ?? 0) ^ 1)
  stage.publisher.publish(address, spoilt)
  add()
  await stage.tick()
  expect(only().lastOutcome).toMatchObject({ refusal: { code: 'not_signed_by_issuer' } })
  const lines = stage.store.audit({ limit: 99 }).length
  // Without the CA's certificate nobody can say that the signature is wrong: it is taken unsigned for.
  await stage.store.change({ kind: 'replace_intermediates', file: undefined }, 'alice')
  for (let round = 0; round < 2; round += 1) {
    stage.clock.set(only().nextAt)
    await stage.tick()
  }
  expect(stage.publisher.asked.at(-1)?.headers['if-none-match']).toBe('"edition-1"')
  expect(only().lastOutcome).toMatchObject({ kind: 'taken' })
  expect(stage.store.audit({ limit: 99 }).length).toBe(lines + 2)
})

test('rolled back by an operator, the list comes back with the next answer: it is the later evidence', async () => {
  await publish()
  add()
  await stage.tick()
  await stage.store.change({ kind: 'roll_back', epoch: 2 }, 'alice')
  expect(await numbers()).toEqual([])
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(await numbers()).toEqual(['2'])
})

test('a newer list by hand is not fought over by a mirror that lags behind', async () => {
  await publish()
  add()
  await stage.tick()
  const { issuing } = await stage.lists(dayMs)
  expect(await stage.add(issuing)).toBe('epoch 4')
  const lines = stage.store.audit({ limit: 99 }).length
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(await numbers()).toEqual(['3'])
  expect(stage.store.audit({ limit: 99 }).length).toBe(lines)
})

test('a bucket of objects that is away: told, nothing changed, the list sent anew', async () => {
  await publish()
  add()
  stage.bucket.isAway = true
  await stage.tick()
  expect(only()).toMatchObject({ failures: 1, etag: undefined })
  expect(only().lastFailure?.because).toContain('R2 is away')
  stage.bucket.isAway = false
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(await numbers()).toEqual(['2'])
})

test('a process that ends before it has written what came of it: no epoch and no line twice', async () => {
  await publish()
  add()
  stage.crash.isNear = true
  await expect(stage.watched.tick()).rejects.toThrow('the end')
  expect(await numbers()).toEqual(['2'])
  stage.crash.isNear = false
  const lines = stage.store.audit({ limit: 99 }).length
  await stage.tick()
  expect(only()).toMatchObject({ failures: 0, lastOutcome: { kind: 'taken', epoch: 3 } })
  expect(stage.store.audit({ limit: 99 }).length).toBe(lines)
})

test('what another source brings is no reason to judge a refused file anew', async () => {
  const other = 'https://crl.example.com/root.crl'
  const { root } = await stage.lists(dayMs)
  stage.publisher.publish(address, toUtf8('<html>busy</html>'))
  add()
  await stage.tick()
  stage.publisher.publish(other, root)
  add({ location: other })
  await stage.tick()
  expect(only().failures).toBe(2)
  const refused = stage.store.audit({ limit: 99 }).filter(({ by }) => by === 'source:1')
  expect(refused.length).toBe(1)
  expect(await numbers()).toEqual(['2'])
  // It was asked before the other one; now that has brought its list, and it is asked once more.
  stage.clock.set(only().nextAt)
  await stage.tick()
  expect(only().failures).toBe(3)
  expect(stage.store.audit({ limit: 1 })).toMatchObject([{ by: 'source:2' }])
})

test('the next look is at the first of: a source that is due, a horizon of a list, a quarter of an hour', async () => {
  expect(await stage.watched.tick()).toBe(start + hourMs / 4)
  const { issuing } = await stage.lists(hourMs)
  await stage.add(issuing)
  stage.clock.advance(20 * 60_000)
  expect(await stage.watched.tick()).toBe(start + hourMs / 2)
  stage.clock.set(shift(start, 57 * 60_000))
  expect(await stage.watched.tick()).toBe(start + hourMs)
  stage.clock.advance(2.9 * 60_000)
  expect(await stage.watched.tick()).toBe(start + 59.9 * 60_000 + 60_000)
  add()
  expect(await stage.watched.tick()).toBe(stage.clock.now() + 30_000)
})

test('a store that is deleted asks nobody', async () => {
  await publish()
  add()
  await stage.store.change({ kind: 'delete' }, 'alice')
  expect(await stage.watched.tick()).toBeUndefined()
  expect(stage.publisher.asked).toEqual([])
  expect(await stage.watched.askSource(1)).toMatchObject({ error: { code: 'store_not_found' } })
})

test('removed while it is being asked, what it sends counts no more', async () => {
  const { issuing } = await stage.lists(dayMs)
  stage.publisher.answer(address, () => {
    stage.watched.removeSource(1, 'bob')
    return new Response(issuing)
  })
  add()
  await stage.tick()
  expect(await numbers()).toEqual([])
  expect(stage.watched.sources()).toEqual([])
})

test('asked by word, it is asked at once, and no other one is', async () => {
  add({ location: 'https://crl.example.com/other.crl' })
  await stage.tick()
  await publish()
  const { id } = add()
  expect(await stage.watched.askSource(id)).toMatchObject({
    ok: true,
    value: { id, lastOutcome: { kind: 'taken' } },
  })
  expect(stage.publisher.asked.map((each) => each.address)).toEqual([
    'https://crl.example.com/other.crl',
    address,
  ])
  expect(await stage.watched.askSource(9)).toMatchObject({ error: { code: 'source_not_found' } })
})

test('a clock that is ahead is seen by its Date', async () => {
  const { issuing } = await stage.lists(dayMs)
  const headers = { date: 'Fri, 01 Jan 2027 01:00:00 GMT' }
  stage.publisher.answer(address, () => new Response(issuing, { headers }))
  add()
  await stage.tick()
  expect(only().aheadMs).toBe(hourMs)
  expect((await stage.watched.findings()).map(({ code }) => code)).toContain('clock_skew')
})

describe('what may be a source', () => {
  test.each([
    [{ location: 'http://169.254.169.254/' }, 'location: 169.254.169.254 is not a public address'],
    [{ kind: 'bucket', location: 'no-key' }, 'location: expected bucket/key'],
    [{ kind: 'bucket', location: '../etc/passwd' }, 'location: expected bucket/key'],
    [{ everyMs: 59_999 }, 'everyMs: expected 60000 (a minute) to 604800000 (a week)'],
    [{ everyMs: 7 * dayMs + 1 }, 'everyMs: expected 60000 (a minute) to 604800000 (a week)'],
    [{ everyMs: Number.NaN }, 'everyMs: expected 60000 (a minute) to 604800000 (a week)'],
    [{ allowedHosts: ['localhost'] }, 'allowedHosts: localhost is no public host name'],
    [{ allowedHosts: ['a.example/x'] }, 'allowedHosts: a.example/x is no public host name'],
    [{ allowedHosts: Array.from({ length: 9 }, (_, n) => `m${n}.example.com`) }, 'at most 8 hosts'],
  ] as const)('%j: %s', (wanted, because) => {
    const source = { kind: 'url', location: address, ...wanted } as const
    const added = stage.watched.addSource(source, 'alice')
    expect(added.ok ? 'taken' : `${added.error.code} ${added.error.because}`).toContain(
      `source_malformed`,
    )
    expect(added.ok ? '' : added.error.because).toContain(because)
  })

  test('each once, and a hundred at most; a removed one may come again, under a new id', () => {
    expect(add().id).toBe(1)
    expect(stage.watched.addSource({ kind: 'url', location: address }, 'bob')).toMatchObject({
      error: { code: 'source_known' },
    })
    expect(stage.watched.removeSource(1, 'bob').ok).toBe(true)
    expect(stage.watched.removeSource(1, 'bob').ok).toBe(false)
    expect(add().id).toBe(2)
    for (let n = 1; n < 100; n += 1) add({ location: `https://crl.example.com/${n}.crl` })
    expect(
      stage.watched.addSource({ kind: 'url', location: 'https://a.example.com/' }, 'bob'),
    ).toMatchObject({ error: { code: 'too_many_sources' } })
  })

  test('a secret in an address is fetched with and shown to nobody', async () => {
    const location = `${address}?sig=s3cret`
    const { issuing } = await stage.lists(dayMs)
    stage.publisher.publish(location, issuing)
    add({ location })
    await stage.tick()
    expect(stage.publisher.asked[0]?.address).toBe(location)
    const seen = [stage.watched.sources(), stage.store.audit({ limit: 9 }), await stage.inForce()]
    expect(JSON.stringify([seen, stage.logged])).not.toContain('s3cret')
    expect(await numbers()).toEqual(['2'])
  })
})
