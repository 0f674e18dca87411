import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Ports } from '#edge/context.ts'
import type { Target } from '#edge/routing/target.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8 } from '#shared/bytes.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf } from '../../runtime/given.ts'
import { newJwk, setOf } from '../evidence/rings.ts'
import { codeOf, createPki, createStage, requestOf, type Pki, type Stage } from '../stage.ts'

let pki: Pki
let cars: readonly DeviceCredential[]
let logged: readonly unknown[][]

beforeAll(async () => {
  pki = await createPki()
  cars = await Promise.all(Array.from({ length: 24 }, (_, index) => pki.issue(`car-${index}`)))
  pki.bucket.put('intermediates.pem', toUtf8(pki.authority.intermediatesPem))
})

beforeEach(() => {
  logged = vi.spyOn(console, 'error').mockImplementation(() => undefined).mock.calls
})

afterEach(() => vi.restoreAllMocks())

/** What each target does with a request; by default it tells its name. */
type Sends = Readonly<Record<string, Target['send']>>

interface Routed extends Stage {
  /** Name of the target and the request, in order. */
  readonly seen: { readonly at: string; readonly request: Request }[]
}

interface RoutedOptions {
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly rules?: readonly object[]
  readonly sends?: Sends
  readonly after?: Ports['after']
  readonly variables?: ListenerVariables
}

async function createRouted(options: RoutedOptions): Promise<Routed> {
  const seen: { at: string; request: Request }[] = []
  const groups = Object.entries(options.groups).map(([name, hosts]) => [
    name,
    { targets: hosts.map((host) => `https://${host}.example`) },
  ])
  const stage = await createStage(pki, {
    variables: {
      MODE: 'passthrough',
      TARGET_GROUPS: JSON.stringify(Object.fromEntries(groups)),
      ...(options.rules && { ROUTES: JSON.stringify(options.rules) }),
      ...options.variables,
    },
    target: undefined,
    after: options.after ?? (() => () => undefined),
    openTarget: (address) => {
      const origin = address.kind === 'url' ? address.url : address.name
      const at = new URL(origin).hostname.split('.')[0] ?? ''
      return {
        name: at,
        addressOf: (requested) => new URL(new URL(requested).pathname, origin),
        send: async (request) => {
          seen.push({ at, request })
          return (await options.sends?.[at]?.(request)) ?? new Response(at)
        },
      }
    },
  })
  return { ...stage, seen }
}

const forwardTo = (...names: readonly string[]) => [
  {
    Type: 'forward',
    ForwardConfig: { TargetGroups: names.map((name) => ({ TargetGroupArn: name, Weight: 1 })) },
  },
]
const byPath = (priority: number, path: string, actions: readonly object[]) => ({
  Priority: priority,
  Conditions: [{ Field: 'path-pattern', Values: [path] }],
  Actions: actions,
})
const byDefault = (actions: readonly object[]) => ({ Priority: 'default', Actions: actions })

const textOf = async (routed: Routed, request: Request) =>
  (await routed.app.request(request)).text()

const refused = () => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }))

describe('the line of the log names the chosen target', () => {
  const groups = { blue: ['b', 'b2'], green: [] }
  const rules = [
    byPath(1, '/empty', forwardTo('green')),
    byPath(2, '/gone', [
      { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '410', MessageBody: 'gone' } },
    ]),
    byDefault(forwardTo('blue')),
  ]
  test.each([
    { name: 'by its group', path: '/a', target: { group: 'blue', name: 'b' } },
    {
      name: 'the one that answered',
      path: '/a',
      sends: { b: refused },
      target: { group: 'blue', name: 'b2' },
    },
    {
      name: 'the last that did not',
      path: '/a',
      sends: { b: refused, b2: refused },
      target: { group: 'blue', name: 'b2' },
    },
    { name: 'none in an empty group', path: '/empty', target: { group: 'green' } },
    { name: 'none where a rule answers', path: '/gone', target: undefined },
  ])('$name', async ({ path, sends, target }) => {
    const { app, lines } = await createRouted({ groups, rules, ...(sends && { sends }) })
    await app.request(requestOf(cfOf(), {}, path))
    const [line = ''] = lines
    expect((JSON.parse(line) as { readonly target?: unknown }).target).toEqual(target)
  })

  test('by its host, where it is the one that there is', async () => {
    const { app, lines } = await createStage(pki, {
      variables: { MODE: 'off' },
      addressAtTarget: () => new URL('https://origin.example:8443/telemetry'),
    })
    await app.request(requestOf(cfOf()))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ target: { name: 'origin.example:8443' } })
  })
})

describe('rules', () => {
  const groups = { blue: ['b'], green: ['g'] }
  const rules = [
    byPath(30, '/*', forwardTo('green')),
    byPath(10, '/gone', [
      { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '410', MessageBody: 'gone' } },
    ]),
    byPath(20, '/old/*', [
      { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_302', Path: '/new/#{path}' } },
    ]),
    byDefault(forwardTo('blue')),
  ]

  test('the lowest priority is asked first', async () => {
    const routed = await createRouted({ groups, rules })
    expect(await textOf(routed, requestOf(cfOf(), {}, '/a'))).toBe('g')
    const gone = await routed.app.request(requestOf(cfOf(), {}, '/gone'))
    expect([gone.status, await gone.text()]).toEqual([410, 'gone'])
    const moved = await routed.app.request(requestOf(cfOf(), {}, '/old/x?y'))
    const location = 'https://edge.example:443/new/old/x?y'
    expect([moved.status, moved.headers.get('location')]).toEqual([302, location])
  })

  test('are asked about the path that goes on', async () => {
    const routed = await createRouted({ groups, rules })
    const response = await routed.app.request(requestOf(cfOf(), {}, '//g%6Fne'))
    expect(response.status).toBe(410)
    await routed.app.request(requestOf(cfOf(), {}, '/a//b'))
    expect(routed.seen.map(({ request }) => new URL(request.url).pathname)).toEqual(['/a/b'])
  })

  test('come behind the decision: nobody is redirected without a certificate', async () => {
    const routed = await createRouted({ groups, rules, variables: { MODE: 'verify' } })
    const response = await routed.app.request(requestOf(cfOf(), {}, '/old/x'))
    expect([response.status, await codeOf(response)]).toEqual([401, 'no_certificate'])
  })

  test("a client's address is Cloudflare's word", async () => {
    const inside = {
      Priority: 1,
      Conditions: [{ Field: 'source-ip', Values: ['192.0.2.0/24'] }],
      Actions: forwardTo('green'),
    }
    const routed = await createRouted({ groups, rules: [inside, byDefault(forwardTo('blue'))] })
    const from = (headers: Readonly<Record<string, string>>) =>
      textOf(routed, requestOf(cfOf(), headers))
    expect(await from({ 'cf-connecting-ip': '192.0.2.1' })).toBe('g')
    expect(await from({ 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1' })).toBe('b')
  })
})

/** The group of every car. */
const placesOf = async (routed: Routed) => {
  const places: string[] = []
  for (const car of cars) places.push(await textOf(routed, requestOf(cfOf(...chainOf(car)))))
  return places
}

describe('weights', () => {
  const options = {
    groups: { blue: ['b'], green: ['g'] },
    rules: [byDefault(forwardTo('blue', 'green'))],
    variables: { MODE: 'verify' },
  }
  test('a device meets the same group each time, in every isolate', async () => {
    const first = await placesOf(await createRouted(options))
    expect(new Set(first)).toEqual(new Set(['b', 'g']))
    expect(await placesOf(await createRouted(options))).toEqual(first)
  })

  test('a device keeps its group when its certificate is renewed', async () => {
    const routed = await createRouted(options)
    const [car] = cars
    if (car === undefined) throw new Error('the test needs a car')
    const renewed = await pki.issue('car-0', 60)
    expect(renewed.serial).not.toBe(car.serial)
    const places = [car, renewed].map((each) => textOf(routed, requestOf(cfOf(...chainOf(each)))))
    expect(new Set(await Promise.all(places)).size).toBe(1)
  })
})

const away = async (): Promise<never> => {
  throw Object.assign(new Error('connect 10.0.0.7: refused'), { code: 'ECONNREFUSED' })
}
const broken = async (): Promise<never> => {
  throw Object.assign(new Error('reset by 10.0.0.7'), { code: 'ECONNRESET' })
}
const ask = (init: RequestInit = {}) => new Request('https://edge.example/a', init)
const post = { method: 'POST', body: 'kWh' }
const put = { method: 'PUT', body: 'kWh' }

describe('targets that do not answer', () => {
  test.each([
    ['no connection, GET', away, {}, ['a', 'b'], 200],
    ['no connection, DELETE', away, { method: 'DELETE' }, ['a', 'b'], 200],
    ['no connection, POST', away, { method: 'POST' }, ['a'], 502],
    ['no connection, a body', away, put, ['a'], 502],
    ['broken off, GET', broken, {}, ['a'], 502],
    ['broken off, POST', broken, post, ['a'], 502],
  ] as const)('%s', async (_, send, init, tried, status) => {
    const routed = await createRouted({ groups: { all: ['a', 'b'] }, sends: { a: send } })
    const response = await routed.app.request(ask(init))
    expect(routed.seen.map(({ at }) => at)).toEqual(tried)
    expect(response.status).toBe(status)
    const text = await response.text()
    expect(text).not.toContain('10.0.0.7')
    expect(logged.flat().join('\n')).toContain('the target a did not answer')
  })

  test('are passed over for a while, and asked again then', async () => {
    let isAway = true
    const sends = { a: async () => (isAway ? away() : new Response('a')) }
    const routed = await createRouted({ groups: { all: ['a', 'b'] }, sends })
    const texts = async (count: number) => {
      const each: string[] = []
      for (let index = 0; index < count; index += 1) each.push(await textOf(routed, ask()))
      return each.join('')
    }
    expect(await texts(4)).toBe('bbbb')
    expect(routed.seen.map(({ at }) => at).join('')).toBe('abbbb')
    isAway = false
    routed.clock.advance(10_000)
    expect(await texts(2)).toMatch(/^(?:ab|ba)$/)
  })

  test('all of them: the last one tells, and the next request tries again', async () => {
    const routed = await createRouted({ groups: { all: ['a', 'b'] }, sends: { a: away, b: away } })
    expect(await codeOf(await routed.app.request(ask()))).toBe('target_unreachable')
    expect(await codeOf(await routed.app.request(ask()))).toBe('target_unreachable')
    expect(routed.seen).toHaveLength(4)
  })

  test('a group without targets, and groups without weight', async () => {
    const empty = await createRouted({ groups: { all: [] } })
    const response = await empty.app.request(ask())
    expect([response.status, await codeOf(response)]).toEqual([503, 'target_unavailable'])
    expect(response.headers.get('retry-after')).toBe('5')
    const unweighted = [
      { Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'all', Weight: 0 }] } },
    ]
    const routed = await createRouted({ groups: { all: ['a'] }, rules: [byDefault(unweighted)] })
    expect(await codeOf(await routed.app.request(ask()))).toBe('target_unavailable')
  })
})

/** Timers that go off when a test says so. */
function manualTimers() {
  const timers: { readonly ms: number; readonly action: () => void; live: boolean }[] = []
  return {
    timers,
    after: (ms: number, action: () => void) => {
      const timer = { ms, action, live: true }
      timers.push(timer)
      return () => {
        timer.live = false
      }
    },
    goOff: () => {
      for (const { live, action } of timers.slice()) if (live) action()
    },
  }
}

/** As every runtime's fetch does with a signal. */
const silent = (request: Request): Promise<never> =>
  new Promise((_, reject) => {
    request.signal.addEventListener('abort', () => reject(request.signal.reason as Error))
  })

describe('time', () => {
  test('a target that is silent for too long: 504, and it is passed over', async () => {
    const { after, goOff, timers } = manualTimers()
    const groups = { all: ['a', 'b'] }
    const variables = { TARGET_TIMEOUT: '7s' }
    const routed = await createRouted({ groups, after, variables, sends: { a: silent } })
    const answer = routed.app.request(ask())
    await vi.waitFor(() => expect(routed.seen).toHaveLength(1))
    expect(timers.map(({ ms }) => ms)).toEqual([7000])
    goOff()
    const response = await answer
    expect([response.status, await codeOf(response)]).toEqual([504, 'target_timeout'])
    expect(await textOf(routed, ask())).toBe('b')
    expect(timers.map(({ live }) => live)).toEqual([false, false])
  })

  test('an answer that began may take its time', async () => {
    const { after, timers } = manualTimers()
    const routed = await createRouted({ groups: { all: ['a'] }, after })
    await routed.app.request(ask())
    expect(timers.map(({ live }) => live)).toEqual([false])
  })

  test('a body of a known length has the time that it needs', async () => {
    const { after, timers } = manualTimers()
    const routed = await createRouted({ groups: { all: ['a'] }, after })
    await routed.app.request(ask({ ...post, headers: { 'content-length': '163840' } }))
    expect(timers.map(({ ms }) => ms)).toEqual([70_000])
  })

  test('a body without one puts the end off as it streams', async () => {
    const { after, timers } = manualTimers()
    const sends = { a: async (request: Request) => new Response(await request.text()) }
    const routed = await createRouted({ groups: { all: ['a'] }, after, sends })
    const body = ReadableStream.from([toUtf8('a'), toUtf8('b')])
    expect(await textOf(routed, ask({ method: 'POST', body, duplex: 'half' }))).toBe('ab')
    expect(timers.map(({ live }) => live)).toEqual([false, false, false])
  })

  test('a client that goes takes its request along, and the target is not passed over', async () => {
    let calls = 0
    const once = async (request: Request) => {
      calls += 1
      return calls === 1 ? silent(request) : new Response('a')
    }
    const routed = await createRouted({ groups: { all: ['a', 'b'] }, sends: { a: once } })
    const controller = new AbortController()
    const answer = routed.app.request(ask({ signal: controller.signal }))
    await vi.waitFor(() => expect(routed.seen).toHaveLength(1))
    controller.abort()
    expect((await answer).status).toBe(499)
    expect(JSON.parse(routed.lines[0] ?? '')).toMatchObject({ problem: { code: 'client_gone' } })
    expect([await textOf(routed, ask()), await textOf(routed, ask())]).toEqual(['b', 'a'])
    expect(logged).toEqual([])
  })
})

describe('size', () => {
  const variables = { BODY_MAX: '4' }
  const sends = { a: async (request: Request) => new Response(await request.text()) }
  const groups = { all: ['a'] }

  test.each([
    ['told', { body: '1234', headers: { 'content-length': '4' } }, 200],
    ['told', { body: '12345', headers: { 'content-length': '5' } }, 413],
    ['counted', { body: '1234' }, 200],
    ['counted', { body: '12345' }, 413],
  ] as const)('%s: %j', async (_, init, status) => {
    const routed = await createRouted({ groups, sends, variables })
    const response = await routed.app.request(ask({ method: 'POST', ...init }))
    expect(response.status).toBe(status)
    const { code } = (await response
      .clone()
      .json()
      .catch(() => ({}))) as { readonly code?: string }
    expect(code).toBe(status === 413 ? 'body_too_large' : undefined)
  })

  test('field lines of 64 KiB, and one octet more', async () => {
    const routed = await createRouted({ groups })
    // `x-a: ` and the line's end are seven of them.
    const fits = await routed.app.request(ask({ headers: { 'x-a': 'a'.repeat(65_536 - 7) } }))
    const response = await routed.app.request(ask({ headers: { 'x-a': 'a'.repeat(65_536 - 6) } }))
    expect([fits.status, response.status]).toEqual([200, 431])
    expect(await codeOf(response)).toBe('headers_too_large')
  })

  test('50 MB stream at the pace of the target, and are never held', async () => {
    const chunk = new Uint8Array(64 * 1024)
    const count = 800
    let pulled = 0
    let pulledAtFirst = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(chunk)
        if (pulled === count) controller.close()
      },
    })
    const measure = async (request: Request) => {
      const reader = request.body?.getReader()
      let octets = (await reader?.read())?.value?.byteLength ?? 0
      pulledAtFirst = pulled
      for (;;) {
        const { done = true, value } = (await reader?.read()) ?? {}
        if (done) return new Response(String(octets))
        octets += value?.byteLength ?? 0
      }
    }
    const routed = await createRouted({ groups, sends: { a: measure } })
    const text = await textOf(routed, ask({ method: 'POST', body, duplex: 'half' }))
    expect(Number(text)).toBe(count * chunk.byteLength)
    expect(pulledAtFirst).toBeLessThan(8)
  })
})

test('evidence is for the target that was chosen', async () => {
  const routed = await createRouted({
    groups: { all: ['a', 'b'] },
    sends: { a: away },
    variables: {
      MODE: 'verify',
      EVIDENCE_KEYS: setOf(await newJwk('e1')),
      EVIDENCE_ISSUER: 'edge',
    },
  })
  const [car] = cars
  if (car === undefined) throw new Error('the test needs a car')
  await routed.app.request(requestOf(cfOf(...chainOf(car))))
  const audiences = routed.seen.map(({ request }) => {
    const [, claims = ''] = (request.headers.get('x-sallyport-evidence') ?? '').split('.')
    return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string }).aud
  })
  expect(audiences).toEqual(['a.example', 'b.example'])
})
