import { describe, expect, test } from 'vitest'
import { openDirectory } from '#edge/control/directory.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import { openManagedTrustStore } from '#edge/trust-stores/managed/managed-trust-store.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { memoryObjects, storeObject } from '#edge/trust-stores/managed/objects.ts'
import { migrate, type MigrationSteps } from '#edge/sqlite/migrate.ts'
import { storeSteps } from '#edge/trust-stores/managed/schema.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createPki, setClock } from '../../stage.ts'

/** What the first version that was released says to its database, word for word. */
const first = {
  insert:
    'INSERT INTO changes (at, by, change, epoch, document, refusal) VALUES (?, ?, ?, ?, ?, ?)',
  head: 'SELECT epoch, document, at FROM changes WHERE epoch IS NOT NULL ORDER BY epoch DESC LIMIT 1',
  listId: 'UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value',
} as const

const firstSteps = storeSteps.slice(0, 1)

const refusal = JSON.stringify({ code: 'bundle_malformed', because: 'it holds no certificate' })

function open(sql: Sql, objects = memoryObjects()) {
  const verifier = createWebCryptoVerifier()
  const clock = setClock()
  return openManagedTrustStore({ sql, objects, limits: defaultStoreLimits, clock, verifier })
}

const stepsDone = (sql: Sql): unknown =>
  sql.all('SELECT COUNT(*) AS done FROM migrations')[0]?.['done']

describe('an upgrade and its roll-back', () => {
  test.each(storeSteps.map((_, step) => ({ from: step + 1 })))(
    'a database of step $from opens under the last one, with all that is in it',
    ({ from }) => {
      const sql = nodeSql(':memory:')
      migrate(sql, storeSteps.slice(0, from))
      sql.all(first.insert, 1, 'alice', '{"kind":"delete"}', 1, 'd'.repeat(64), null)
      sql.all(first.insert, 2, 'victor', '{"kind":"delete"}', null, null, refusal)
      const store = open(sql)
      expect(stepsDone(sql)).toBe(storeSteps.length)
      expect(store.head()).toEqual({ epoch: 1, document: 'd'.repeat(64), at: 1 })
      expect(store.audit({ limit: 10 }).map(({ by }) => by)).toEqual(['victor', 'alice'])
    },
  )

  test('the first version reads and writes what the last one wrote, and the last one goes on', async () => {
    const [sql, objects] = [nodeSql(':memory:'), memoryObjects()]
    const file = await storeObject(objects, toUtf8((await createPki()).authority.anchorsPem))
    const made = await open(sql, objects).change({ kind: 'replace_bundle', file }, 'alice')
    // The roll-back: its steps are done, so that it changes nothing, and its statements are as they were.
    migrate(sql, firstSteps)
    expect(stepsDone(sql)).toBe(storeSteps.length)
    const head = sql.all(first.head)[0]
    expect(head).toMatchObject(made.ok ? made.value : {})
    expect(sql.all(first.listId, 'list')).toEqual([{ value: 1 }])
    sql.all(
      first.insert,
      9,
      'old',
      '{"kind":"roll_back","epoch":1}',
      2,
      String(head?.['document']),
      null,
    )
    // And up again.
    const store = open(sql, objects)
    expect(store.head()).toMatchObject({ epoch: 2, at: 9 })
    expect(await store.document(2)).toMatchObject({ form: 1, bundle: { file } })
  })

  test('the directory likewise', () => {
    const sql = nodeSql(':memory:')
    migrate(sql, [
      [
        `CREATE TABLE stores (
          id TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          removed_at INTEGER
        )`,
        'CREATE UNIQUE INDEX store_names ON stores (name) WHERE removed_at IS NULL',
      ],
    ])
    const insert = 'INSERT INTO stores (id, name, created_at) VALUES (?, ?, ?)'
    sql.all(insert, 'a'.repeat(16), 'cars', 1)
    const options = { sql, clock: setClock(), random: (count: number) => new Uint8Array(count) }
    const directory = openDirectory({ ...options, storesMax: 5 })
    expect(directory.byName('cars')).toMatchObject({ id: 'a'.repeat(16) })
    expect(directory.add('meters').ok).toBe(true)
    sql.all(insert, 'b'.repeat(16), 'bikes', 2)
    expect(directory.list().map(({ name }) => name)).toEqual(['cars', 'bikes', 'meters'])
  })
})

/** What a version before is not troubled by: something new, or a column that it may leave out. */
const onlyAdds =
  /^(CREATE (TABLE|INDEX)|INSERT INTO|ALTER TABLE \w+ ADD COLUMN (?!.*NOT NULL(?!.*DEFAULT)))/

test.each(storeSteps.flat().map((statement) => ({ statement: statement.trim() })))(
  'a step only adds: $statement',
  ({ statement }) => expect(statement).toMatch(onlyAdds),
)

test.each([
  'DROP TABLE changes',
  'ALTER TABLE changes RENAME TO log',
  'ALTER TABLE changes ADD COLUMN why TEXT NOT NULL',
  'CREATE UNIQUE INDEX one_by ON changes (by)',
  'UPDATE counters SET value = 0',
])('a step that does more is found: %s', (statement) => {
  expect(statement).not.toMatch(onlyAdds)
})

test('a step that fails leaves nothing of itself, and is done whole the next time', () => {
  const sql = nodeSql(':memory:')
  const torn: MigrationSteps = [['CREATE TABLE whole (id)'], ['CREATE TABLE half (id)', 'CREATE']]
  expect(() => migrate(sql, torn)).toThrow('incomplete input')
  expect(stepsDone(sql)).toBe(1)
  expect(() => sql.all('SELECT * FROM half')).toThrow('no such table')
  migrate(sql, [['CREATE TABLE whole (id)'], ['CREATE TABLE half (id)']])
  expect(stepsDone(sql)).toBe(2)
})
