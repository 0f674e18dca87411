import { beforeEach, describe, expect, test } from 'vitest'
import { createHmac } from 'node:crypto'
import { tellFindings } from '#edge/trust-stores/findings/alarms.ts'
import type { Finding } from '#edge/trust-stores/findings/finding.ts'
import { readWebhook } from '#edge/trust-stores/findings/webhook.ts'
import { migrate } from '#edge/sqlite/migrate.ts'
import { storeSteps } from '#edge/trust-stores/managed/schema.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { start } from '../../stage.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const address = 'https://hooks.example.com/t0ken'

const finding = (subject: string, severity: Finding['severity'] = 'warning'): Finding => ({
  code: 'list_near_expiry',
  severity,
  subject,
  at: start,
  because: 'it ends',
  advice: 'Publish the next one.',
})

interface Message {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

let sql: Sql
let lines: Record<string, unknown>[]
let messages: Message[]
let status: number

beforeEach(() => {
  sql = nodeSql(':memory:')
  migrate(sql, storeSteps)
  lines = []
  messages = []
  status = 204
})

function tell(
  findings: readonly Finding[],
  webhook: readonly (string | undefined)[] = [address, secret],
): Promise<void> {
  return tellFindings(findings, start, {
    sql,
    store: 'cars',
    log: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    webhook: readWebhook(webhook[0], webhook[1], []),
    post: async ({ href }, { headers, body }) => {
      messages.push({ url: href, headers, body })
      if (status === 0) throw new TypeError(`cannot connect to ${address}`)
      return new Response(null, { status })
    },
  })
}

const told = (): readonly string[] =>
  lines.map(({ event, subject, severity }) =>
    [event, subject, severity].filter((each) => typeof each === 'string').join(' '),
  )

test('a finding is told once, again when it grows worse, and when it is gone', async () => {
  await tell([finding('a')])
  await tell([finding('a')])
  await tell([finding('a', 'severe'), finding('b', 'notice')])
  await tell([finding('b', 'notice')])
  expect(told()).toEqual([
    'trust_store_finding a warning',
    'trust_store_finding a severe',
    'trust_store_finding b notice',
    'trust_store_finding_cleared a severe',
  ])
  expect(lines[0]).toMatchObject({ store: 'cars', at: '2027-01-01T00:00:00Z', because: 'it ends' })
})

test('gone and back, it is told anew', async () => {
  await tell([finding('a')])
  await tell([])
  await tell([finding('a')])
  expect(told().filter((each) => each.startsWith('trust_store_finding a'))).toHaveLength(2)
})

describe('the webhook', () => {
  test('gets warnings and worse in one signed message, and no notices', async () => {
    await tell([finding('a'), finding('b', 'severe'), finding('c', 'notice')])
    await tell([finding('a'), finding('b', 'severe'), finding('c', 'notice')])
    expect(messages).toHaveLength(1)
    const { url, headers, body } = messages[0] ?? { url: '', headers: {}, body: '{}' }
    expect(url).toBe(address)
    expect(JSON.parse(body)).toMatchObject({
      type: 'trust_store.findings',
      store: 'cars',
      findings: [{ subject: 'a' }, { subject: 'b' }],
    })
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const hmac = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${hmac}`)
    expect(body).not.toContain('whsec')
  })

  test.each([500, 302, 0])('that answers %d gets the same message again', async (answer) => {
    status = answer
    await tell([finding('a')])
    status = 200
    await tell([finding('a')])
    await tell([finding('a')])
    expect(messages.map(({ body }) => body)).toEqual([messages[0]?.body, messages[0]?.body])
    expect(new Set(messages.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(told().filter((each) => each === 'trust_store_webhook_failed')).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toContain('t0ken')
  })

  test('takes a hundred findings a message', async () => {
    const many = Array.from({ length: 130 }, (_, n) => finding(`list ${n}`))
    await tell(many)
    await tell(many)
    const counts = messages.map(({ body }) => body.match(/"subject"/g)?.length)
    expect(counts).toEqual([100, 30])
  })

  test.each([
    [[undefined, secret], 'FINDINGS_WEBHOOK: expected an address beside its secret'],
    [['http://hooks.example.com/', secret], 'expected https'],
    [['https://10.0.0.1/', secret], 'expected a public https address'],
    [[address], 'FINDINGS_WEBHOOK_SECRET: expected'],
    [[address, 'whsec_c2hvcnQ='], 'FINDINGS_WEBHOOK_SECRET: expected'],
  ] as const)('%j: %s', async ([url, key], because) => {
    await tell([finding('a')], [url, key])
    expect(messages).toEqual([])
    expect(lines.at(-1)).toMatchObject({
      event: 'trust_store_webhook_failed',
      because: expect.stringContaining(because),
    })
  })

  test('that nobody set is no fault', async () => {
    await tell([finding('a')], [])
    expect(told()).toEqual(['trust_store_finding a warning'])
  })
})
