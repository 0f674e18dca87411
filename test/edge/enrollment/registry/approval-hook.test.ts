import { expect, test } from 'vitest'
import {
  approvalBy,
  readApprovalHook,
  webhookApproval,
} from '#edge/enrollment/registry/approval-hook.ts'
import { toBase64, toUtf8 } from '#shared/bytes.ts'
import { ok } from '#shared/result.ts'
import { start } from '../../stage.ts'

const url = new URL('https://hook.example/devices?secret=of-the-address')
const secret = toUtf8('s'.repeat(32))
const clock = { now: () => start }
const question = {
  device: 'car-1',
  claimant: 'claim',
  keySha256: 'k'.repeat(64),
  requestSha256: 'r'.repeat(64),
} as const

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function ask(answer: () => Promise<Response>): Promise<{
  readonly said: string
  readonly reports: readonly string[]
  readonly sent: readonly Sent[]
}> {
  const [reports, sent]: [string[], Sent[]] = [[], []]
  const approve = webhookApproval(
    { url, secret },
    {
      clock,
      report: (because) => reports.push(because),
      post: async (to, init) => {
        expect(to).toBe(url)
        sent.push(init)
        return answer()
      },
    },
  )
  return { said: await approve(question), reports, sent }
}

test.each(['approve', 'refuse', 'wait'] as const)('a hook says %s', async (decision) => {
  const { said, reports } = await ask(async () => Response.json({ decision }))
  expect([said, reports]).toEqual([decision, []])
})

test.each([
  ['another word', async () => Response.json({ decision: 'yes' })],
  ['no JSON', async () => new Response('<html>')],
  ['a server error', async () => Response.json({ decision: 'approve' }, { status: 500 })],
  ['a redirect', async () => new Response(null, { status: 302 })],
  ['more than a word', async () => new Response(' '.repeat(5000) + '{"decision":"approve"}')],
  ['nothing in time', async () => Promise.reject(new Error(`timeout of ${url.href}`))],
] as const)('%s leaves the device waiting, and is told without the address', async (_, answer) => {
  const { said, reports } = await ask(answer)
  expect(said).toBe('wait')
  expect(reports).toHaveLength(1)
  expect(reports.join()).not.toContain('secret')
})

test('a question is signed as Standard Webhooks says', async () => {
  const { sent } = await ask(async () => Response.json({ decision: 'wait' }))
  const [{ headers, body } = { headers: {}, body: '' }] = sent
  expect(JSON.parse(body)).toEqual({ type: 'device.approval', ...question })
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, toUtf8(text)))
  expect(headers['webhook-signature']).toBe(`v1,${toBase64(mac)}`)
})

const [hook, whsec] = ['https://hook.example/x', `whsec_${toBase64(secret)}`]

test.each([
  ['an address on plain http', 'http://hook.example', whsec, '', 'https'],
  ['an address of this machine', 'https://127.0.0.1/', whsec, '', 'a public https address'],
  ['a secret alone', undefined, whsec, '', 'an address beside its secret'],
  ['an address alone', hook, undefined, '_SECRET', 'whsec_ and base64 of 24 to 64 octets'],
  ['a short secret', hook, 'whsec_AAAA', '_SECRET', 'whsec_ and base64 of 24 to 64 octets'],
])('%s is told by the name of its variable', (_name, address, key, suffix, expected) => {
  const variables = {
    REGISTRY_APPROVAL_WEBHOOK: address,
    REGISTRY_APPROVAL_WEBHOOK_SECRET: key,
  }
  const variable = `REGISTRY_APPROVAL_WEBHOOK${suffix}`
  expect(readApprovalHook(variables)).toEqual({ ok: false, error: { variable, expected } })
  const options = { clock, report: () => undefined, post: async () => new Response() }
  expect(() => approvalBy(variables, options)).toThrow(`${variable}: expected ${expected}`)
})

test('no variables are no hook, and an opened host need not be public', () => {
  const options = { clock, report: () => undefined, post: async () => new Response() }
  expect(readApprovalHook({})).toEqual(ok(undefined))
  expect(approvalBy({}, options)).toBeUndefined()
  const opened = {
    REGISTRY_APPROVAL_WEBHOOK: 'http://127.0.0.1:8700/',
    REGISTRY_APPROVAL_WEBHOOK_SECRET: whsec,
    SOURCES_OPEN_HOSTS: '127.0.0.1:8700',
  }
  expect(approvalBy(opened, options)).toBeTypeOf('function')
})
