import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNodeTarget, type NodeTarget } from '#edge/node/target.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { chainOf, dayMs } from '../../runtime/given.ts'
import { startRuntime, type Runtime } from '../../runtime/stage.ts'

/** Targets that fall silent in the middle of an answer, in workerd and on Node. */
let server: http.Server
let runtime: Runtime
let nodeTarget: NodeTarget
let car: DeviceCredential
/** Paths whose answers the target saw break off. */
const cut: string[] = []
let tellCut: (() => void) | undefined

/** Up to so many octets an answer of known length is waited for as a whole. */
const wholeOctetsMax = 64 * 1024
const long = 'x'.repeat(100_000)
const zipped = gzipSync('kWh'.repeat(100))

const answers: Readonly<Record<string, (outgoing: http.ServerResponse) => void>> = {
  '/stalled-small': (outgoing) => {
    outgoing.writeHead(200, { 'content-length': String(wholeOctetsMax) })
    outgoing.write('first')
  },
  '/stalled-known': (outgoing) => {
    outgoing.writeHead(200, { 'content-length': String(wholeOctetsMax + 1) })
    outgoing.write('first')
  },
  '/stalled-unknown': (outgoing) => void outgoing.write('first'),
  '/stalled-at-once': (outgoing) => outgoing.flushHeaders(),
  '/known': (outgoing) => outgoing.setHeader('content-length', '5').end('whole'),
  '/long': (outgoing) => outgoing.setHeader('content-length', long.length).end(long),
  '/unknown': (outgoing) => {
    outgoing.write('who')
    outgoing.end('le')
  },
  '/zipped': (outgoing) =>
    outgoing
      .setHeader('content-encoding', 'gzip')
      .setHeader('content-length', zipped.length)
      .end(zipped),
  '/empty': (outgoing) => outgoing.writeHead(204).end(),
}

const worker = (name: string, variables: Readonly<Record<string, string>>) => ({
  name,
  entry: 'edge/worker.ts',
  variables: { PLATFORM: 'alb', ALB_MODE: 'passthrough', HOP: 'network', ...variables },
})

beforeAll(async () => {
  server = http.createServer((incoming, outgoing) => {
    const { url = '' } = incoming
    outgoing.on('close', () => {
      if (outgoing.writableFinished) return
      cut.push(url)
      tellCut?.()
    })
    answers[url]?.(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  nodeTarget = createNodeTarget(url)
  const groups = { TARGET_GROUPS: JSON.stringify({ fleet: { targets: [url] } }) }
  runtime = await startRuntime([
    worker('hasty-url', { TARGET_URL: url, TARGET_TIMEOUT: '250ms' }),
    worker('hasty-group', { ...groups, TARGET_TIMEOUT: '250ms' }),
    worker('patient', { TARGET_URL: url }),
    worker('nowhere', { TARGET_URL: 'origin.example' }),
  ])
  car = await runtime.pki.issue('car-1', [-dayMs, dayMs])
}, 30_000)

afterAll(async () => {
  await runtime.close()
  server.closeAllConnections()
  server.close()
  await nodeTarget.close()
})

/** Over HTTP, as what is between Miniflare and workerd would change fields. */
const ask = (name: string, path: string) =>
  request(new URL(path, runtime.url), {
    headers: {
      ...Object.fromEntries(writeAlbPassthrough(chainOf(car))),
      host: `${name}.example`,
    },
  })

const cutAt = async (path: string): Promise<void> => {
  while (!cut.includes(path)) await new Promise<void>((next) => (tellCut = next))
  cut.splice(0)
}

const stalled = ['/stalled-known', '/stalled-unknown', '/stalled-at-once']

describe.each(['hasty-url', 'hasty-group'])('%s: a target in workerd that falls silent', (name) => {
  test.each(stalled)(
    '%s: the answer is cut, for client and target, and the log tells',
    async (path) => {
      runtime.takeLogs()
      const { statusCode, body } = await ask(name, path)
      expect(statusCode).toBe(200)
      await expect(body.text()).rejects.toThrow(/other side closed|terminated|aborted/)
      await cutAt(path)
      expect(runtime.takeLogs().join('\n')).toMatch(
        /an answer of the target 127\.0\.0\.1:\d+ was cut: Error: it was silent for 250 ms/,
      )
    },
  )
})

test('a small answer that stalls is no answer yet: 504', async () => {
  const { statusCode, body } = await ask('hasty-url', '/stalled-small')
  expect([statusCode, await body.json()]).toMatchObject([504, { code: 'target_timeout' }])
  await cutAt('/stalled-small')
})

describe('an answer that is whole arrives as it was sent', () => {
  test.each([
    { path: '/known', status: 200, length: '5', text: 'whole' },
    { path: '/long', status: 200, length: '100000', text: long },
    { path: '/unknown', status: 200, length: undefined, text: 'whole' },
    { path: '/empty', status: 204, length: undefined, text: '' },
  ])('$path', async ({ path, status, length, text }) => {
    const { statusCode, headers, body } = await ask('patient', path)
    expect([statusCode, headers['content-length'], await body.text()]).toEqual([
      status,
      length,
      text,
    ])
  })

  test('encoded content stays as it is', async () => {
    const { headers, body } = await ask('patient', '/zipped')
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(zipped.length),
    })
    expect(zipped.equals(await body.bytes())).toBe(true)
  })
})

test('a client that goes: the target’s answer goes too, when it is silent at the latest', async () => {
  const { body } = await ask('hasty-url', '/stalled-unknown')
  body.on('error', () => undefined).destroy()
  await cutAt('/stalled-unknown')
  expect(cut).toEqual([])
})

test.each(stalled)('on Node, %s: the answer breaks off', async (path) => {
  const limits = { silenceMs: 250 }
  const response = await nodeTarget.send(new Request(`http://edge.example${path}`), limits)
  await expect(response.text()).rejects.toThrow('Body Timeout Error')
  await cutAt(path)
})

test('a TARGET_URL that is no URL lets nobody in, and the log names it', async () => {
  runtime.takeLogs()
  const { statusCode, body } = await ask('nowhere', '/known')
  expect([statusCode, await body.json()]).toMatchObject([500, { code: 'misconfigured' }])
  expect(runtime.takeLogs().join('\n')).toContain(
    'the variable TARGET_URL is wrong: expected an absolute URL, http: or https:',
  )
})
