import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Progress, Run } from '../engine/run.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { loadDashboardAssets, type Asset } from './assets.ts'
import { deviceIdMax } from './device-story.ts'
import { createLiveView, type LiveView } from './live-view.ts'
import { dashboardPage } from './page.ts'

/** A page that follows a run, served to this machine alone. */
export interface Dashboard {
  readonly url: string
  show(progress: Progress): void
  /** Sends everybody who looks the run's result, and closes. */
  end(run: Run): Promise<void>
  /** Closes without a result: there is none. */
  close(): Promise<void>
}

/** Faster than four times a second nobody reads. */
const snapshotEveryMs = 250

/** Sums are made in the run's own process: they may take a twentieth of its time, and no more. */
const restPerCost = 19

/** Pages open at once: a person and a few screens, not a public. */
const watchersMax = 16

/** Whoever does not read the last snapshot within so many milliseconds is cut off. */
const lingerMs = 1000

/**
 * Serves the dashboard of a run on 127.0.0.1. Throws an Error that names the port where it is taken.
 *
 * @param port 0 takes any free one
 */
export async function openDashboard(scenario: Scenario, port: number): Promise<Dashboard> {
  const view = createLiveView(scenario)
  const watchers = new Set<ServerResponse>()
  const assets = new Map<string, Asset>([
    ...(await loadDashboardAssets()),
    ['/', { type: 'text/html; charset=utf-8', text: dashboardPage(scenario) }],
  ])
  const server = createServer((request, response) =>
    answer({ assets, view, watchers }, request, response),
  )
  const url = await listen(server, port)
  const beat = startBeat(() => {
    if (watchers.size > 0) sendToAll(watchers, snapshotEvent(view))
  })
  const leave = async (last?: string): Promise<void> => {
    beat.stop()
    for (const watcher of watchers) watcher.end(last)
    await close(server)
  }
  return {
    url,
    show: (progress) => view.show(progress),
    async end(run) {
      view.end(run)
      await leave(snapshotEvent(view))
    },
    close: () => leave(),
  }
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`--dashboard ${port}: ${why}; without a number any free port is taken`, {
      cause,
    })
  }
  const { port: taken } = server.address() as AddressInfo
  return `http://127.0.0.1:${taken}/`
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => server.closeAllConnections(), lingerMs)
  await closed
  clearTimeout(timer)
}

/** Calls again and again, the more seldom the longer a call takes. Keeps no process alive. */
function startBeat(act: () => void): { stop(): void } {
  let timer = setTimeout(beat, snapshotEveryMs).unref()
  function beat(): void {
    const begun = performance.now()
    act()
    const costMs = performance.now() - begun
    timer = setTimeout(beat, Math.max(snapshotEveryMs, costMs * restPerCost)).unref()
  }
  return { stop: () => clearTimeout(timer) }
}

interface Served {
  readonly assets: ReadonlyMap<string, Asset>
  readonly view: LiveView
  readonly watchers: Set<ServerResponse>
}

/** Nothing but the page's own files and numbers; nobody frames it; what a run says is never markup. */
const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

function answer(served: Served, request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '/' } = request
  if (!isOurName(request.headers.host)) return refuse(response, 421, 'ask for 127.0.0.1')
  if (method !== 'GET') return refuse(response, 405, 'only GET is answered')
  const asset = served.assets.get(url)
  if (asset !== undefined) return send(response, 200, asset)
  if (url === '/events') return watch(served, response)
  if (url.startsWith('/device/'))
    return tellStory(served.view, url.slice('/device/'.length), response)
  refuse(response, 404, 'there is /, /events and /device/ID')
}

/**
 * A page of another site may point a name of its own at 127.0.0.1 and would then be of our origin
 * (DNS rebinding); the name that its reader asked for gives it away. Any port: it may be forwarded.
 */
function isOurName(host: string | undefined): boolean {
  const name = URL.parse(`http://${host}`)?.hostname
  return name === '127.0.0.1' || name === 'localhost'
}

function watch({ view, watchers }: Served, response: ServerResponse): void {
  if (watchers.size >= watchersMax) {
    return refuse(response, 503, `${watchersMax} pages are open already`)
  }
  watchers.add(response)
  response.once('close', () => watchers.delete(response))
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
  response.write(snapshotEvent(view))
}

/** Who reads slowly misses snapshots, and the next one says it all. */
function sendToAll(watchers: ReadonlySet<ServerResponse>, event: string): void {
  for (const watcher of watchers) if (!watcher.writableNeedDrain) watcher.write(event)
}

/** HTML 9.2.5, the event stream format; before the first progress a comment, so that it is open. */
function snapshotEvent(view: LiveView): string {
  const snapshot = view.snapshot()
  if (snapshot === undefined) return ':\n\n'
  return `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`
}

function tellStory(view: LiveView, segment: string, response: ServerResponse): void {
  const device = decoded(segment)
  if (device === undefined || device === '' || device.length > deviceIdMax) {
    return refuse(response, 400, `a device has a name of 1 to ${deviceIdMax} characters`)
  }
  const story = view.story(device)
  if (story === undefined) return refuse(response, 404, 'this run keeps no event log, or none yet')
  if (story.count === 0) return refuse(response, 404, `nothing has happened to ${device} so far`)
  send(response, 200, { type: 'application/json', text: JSON.stringify(story) })
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** RFC 9457. */
function refuse(response: ServerResponse, status: number, detail: string): void {
  const text = JSON.stringify({ status, detail })
  send(response, status, { type: 'application/problem+json', text })
}

function send(response: ServerResponse, status: number, { type, text }: Asset): void {
  response.writeHead(status, { ...headers, 'content-type': type })
  response.end(text)
}
