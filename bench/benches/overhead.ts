import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { tlsClientAuth } from '#simulator/front/profiles/cloudflare.ts'
import type { Bench, Goal, Section } from '../bench.ts'
import { alternate, type Rounds } from '../measure.ts'
import {
  createClient,
  loaded,
  ratesOf,
  type Client,
  type Loaded,
  type LoadRequest,
} from '../overhead/load.ts'
import { headerPlatforms, type HeaderPlatform } from '../overhead/header-platforms.ts'
import { createPki, type Pki } from '../pki.ts'
import { packFixture } from '../runtimes/fixture-wire.ts'
import { wholePathSections } from './whole-path.ts'
import { startWorkerd, type WorkerdProcess } from '../runtimes/workerd-process.ts'

/**
 * In workerd: a worker with the middleware beside the same worker without it: one process of workerd, one bundle,
 * requests over connections that stay, by turns. What bears the certificate comes to both: `request.cf`, or
 * the headers of a platform that has none. In Node: the whole path of a request beside nginx.
 */
export const overheadBench: Bench = {
  name: 'overhead',
  title: 'a request to a worker with the middleware and without it',
  runtimes: ['node', 'workerd'],
  async *run({ runtime, rounds }) {
    if (runtime.name === 'node') {
      yield* wholePathSections(rounds)
      return
    }
    const { text } = await bundleWorker('bench/overhead-worker.ts')
    const workerd = await startWorkerd(text, cfHeader)
    const client = createClient(workerd.url)
    try {
      yield* workerSections({ workerd, client, pki: createPki('P-256', newDevices) }, rounds)
    } finally {
      await client.close()
      await workerd.close()
    }
  },
}

const cfHeader = 'x-bench-cf'

const withIt = 'with the middleware'
const without = 'without it'

/** Devices that come for the first time, in a turn and while it is calibrated. */
const newDevices = 4_000

/** Devices that come again and again. */
const repeatDevices = 64

/** Turns of devices that nobody knows are shorter: their number is bounded. */
const newDevicesTurnUs = 150_000

interface Stage {
  readonly workerd: WorkerdProcess
  readonly client: Client
  readonly pki: Pki
}

async function* workerSections(stage: Stage, rounds: Rounds): AsyncGenerator<Section> {
  const blobs = stage.pki.leaves.map((leaf) => cfBlob(leaf, stage.pki.intermediate))
  const platforms = headerPlatforms(stage.pki)
  const fixture = packFixture(filesOf(stage.pki, platforms))
  const begin = async (): Promise<void> => {
    const response = await fetch(stage.workerd.url, { method: 'PUT', body: fixture })
    if (!response.ok) throw new Error(`the worker does not begin: ${await response.text()}`)
  }
  await begin()
  const again = (app: string, name: string, cookies?: readonly string[]): Loaded =>
    asking(stage, app, name, (nth) => ({
      [cfHeader]: blobs[nth % repeatDevices] ?? '',
      ...(cookies && { cookie: cookies[nth % repeatDevices] ?? '' }),
    }))
  const cookies = await cookiesOf(stage, blobs)
  const readsCf = 'without it, but reading request.cf'
  const goal: Goal = { of: withIt, to: without, atMost: 1.1 }
  for (const platform of platforms) {
    const asks = await requestsOf(platform, stage.pki)
    const title = `repeat devices behind ${platform.title}`
    const readsIt = 'without it, but reading the certificate’s headers'
    const idle = 'without it, but a middleware that reads them and does nothing else'
    const sides = [
      asking(stage, platform.app, withIt, asks),
      asking(stage, 'without', without, asks),
      asking(stage, `${platform.app}-read`, readsIt, asks),
      asking(stage, `${platform.app}-idle`, idle, asks),
    ]
    // What runtime and framework take before a middleware begins: the second and third goal leave it out.
    const goals = [goal, ...[readsIt, idle].map((to) => ({ of: withIt, to, atMost: 1.1 }))]
    yield* sections(title, rounds, sides, goals)
    yield* sections(`${title}, a report each`, rounds, reporting(stage, platform.app, asks), [goal])
  }
  const sides = [again('with', withIt), again('without', without), again('cf', readsCf)]
  // To read request.cf is workerd's own cost, paid by whoever asks for it: the second goal leaves it out.
  const goals = [goal, { of: withIt, to: readsCf, atMost: 1.1 }]
  yield* sections('repeat devices behind Cloudflare', rounds, sides, goals)
  const ofCf: HeadersOf = (nth) => ({ [cfHeader]: blobs[nth % repeatDevices] ?? '' })
  const reports = reporting(stage, 'with', ofCf)
  yield* sections('repeat devices behind Cloudflare, a report each', rounds, reports, [goal])
  yield* sections('repeat devices, a line of log each', rounds, [
    again('logged', withIt),
    again('without', without),
  ])
  yield* sections('repeat devices with a session cookie', rounds, [
    again('cookie', withIt, cookies),
    again('without', without, cookies),
  ])
  yield* sections('repeat devices through the gateway', rounds, [
    again('gateway-verify', 'MODE verify'),
    again('gateway-off', 'MODE off'),
  ])
  const once = (app: string, name: string): Loaded =>
    loaded({
      name,
      pids: [stage.workerd.pid],
      client: stage.client,
      requestOf: (nth) => requestTo(app, { [cfHeader]: newDevice(blobs, nth) }),
      // Nothing is remembered, and the trust store is read: neither is the device's cost.
      before: async () => {
        await begin()
        await stage.client.send(1, () => requestTo(app, { [cfHeader]: blobs[0] ?? '' }))
      },
    })
  yield* sections('new devices', { ...rounds, turnUs: Math.min(rounds.turnUs, newDevicesTurnUs) }, [
    once('with', withIt),
    once('without', without),
  ])
}

/** The first one is known from the warm-up. */
function newDevice(blobs: readonly string[], nth: number): string {
  const blob = blobs[nth + 1]
  if (blob === undefined) throw new Error(`a turn needs more than ${newDevices} new devices`)
  return blob
}

type HeadersOf = (nth: number) => Readonly<Record<string, string>>

/** One app under the requests of devices that came before. */
function asking(
  { workerd, client }: Stage,
  app: string,
  name: string,
  headersOf: HeadersOf,
): Loaded {
  const requestOf = (nth: number): LoadRequest => requestTo(app, headersOf(nth))
  return loaded({ name, pids: [workerd.pid], client, requestOf })
}

/** What a meter sends once an hour: a reading for each quarter of it. */
const report = JSON.stringify({
  meter: 'meter-4711',
  readings: ['00', '15', '30', '45'].map((minute) => ({
    at: `2027-01-15T11:${minute}:00Z`,
    kwh: 0.3125,
    volts: [229.8, 230.4, 231],
  })),
})

/** Workers that read a report of each request and answer: one with the middleware, one without it. */
function reporting(stage: Stage, app: string, headersOf: HeadersOf): readonly Loaded[] {
  const { workerd, client } = stage
  const side = (name: string, of: string): Loaded =>
    loaded({
      name,
      pids: [workerd.pid],
      client,
      requestOf: (nth) => ({ ...requestTo(of, headersOf(nth)), body: report }),
    })
  return [side(withIt, `${app}-reports`), side(without, 'reports')]
}

/** What the repeat devices send to whoever is behind this platform. */
async function requestsOf(platform: HeaderPlatform, { leaves }: Pki): Promise<HeadersOf> {
  const repeat = leaves.slice(0, repeatDevices)
  const headers = await Promise.all(repeat.map((leaf) => platform.headersOf(leaf)))
  return (nth) => headers[nth % repeatDevices] ?? {}
}

function requestTo(app: string, facts: Readonly<Record<string, string>>): LoadRequest {
  const headers = { 'user-agent': 'meter/4.2', accept: 'application/json', ...facts }
  return { path: `/${app}/telemetry`, headers }
}

/** The sessions that the repeat devices begin with their first request. */
async function cookiesOf({ workerd }: Stage, blobs: readonly string[]): Promise<readonly string[]> {
  const cookies: string[] = []
  for (const blob of blobs.slice(0, repeatDevices)) {
    const { path, headers } = requestTo('cookie', { [cfHeader]: blob })
    const response = await fetch(`${workerd.url}${path}`, { headers })
    const [cookie] = response.headers.getSetCookie()
    if (cookie === undefined) throw new Error(`no session began: ${await response.text()}`)
    cookies.push(cookie.split(';')[0] ?? '')
  }
  return cookies
}

/** CPU for one request, and how many a second there were in the same turns. */
async function* sections(
  title: string,
  rounds: Rounds,
  sides: readonly Loaded[],
  goals: readonly Goal[] = [],
): AsyncGenerator<Section> {
  const figures = await alternate(
    sides.map(({ contender }) => contender),
    rounds,
  )
  yield { title: `${title}: CPU of workerd`, unit: 'µs', figures, goals }
  yield ratesOf(title, sides, rounds)
}

/** The trust store's, and how the worker reads each platform. */
function filesOf(pki: Pki, platforms: readonly HeaderPlatform[]): Record<string, readonly Bytes[]> {
  const listeners = Object.fromEntries(platforms.map(({ app, variables }) => [app, variables]))
  return {
    'listeners.json': [toUtf8(JSON.stringify(listeners))],
    'anchors.pem': [toUtf8(toPem('CERTIFICATE', pki.root))],
    'intermediates.pem': [toUtf8(toPem('CERTIFICATE', pki.intermediate))],
    'crl/root.crl': [pki.rootCrl],
    'crl/issuing.crl': [pki.crl(1000)],
  }
}

/** `request.cf` as Cloudflare fills it. */
function cfBlob(leaf: Bytes, intermediate: Bytes): string {
  const facts = tlsClientAuth({
    tlsVersion: 'TLSv1.3',
    clientAddress: '192.0.2.1',
    port: 443,
    chain: [leaf, intermediate],
    verdict: { kind: 'success' },
  })
  return JSON.stringify({ tlsClientAuth: facts })
}
