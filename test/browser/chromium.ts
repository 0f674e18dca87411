import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { z } from 'zod'

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The installed browser, if there is one. */
export const chromium = programs.find((path) => existsSync(path))

/** No look at the network, no first-run page, nothing kept. */
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  // A picture of a page is cut where its scroll bar would be.
  '--hide-scrollbars',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
]

export interface Look {
  readonly url: string
  readonly width: number
  readonly scheme: 'light' | 'dark'
  /** JavaScript whose value is what was seen. */
  readonly expression: string
}

export interface Seen {
  readonly value: unknown
  /** Errors and warnings of the console, uncaught exceptions, refused by the page's policy. */
  readonly complaints: readonly string[]
}

/** A page that stays open, to be used as a person would. */
export interface OpenPage {
  /** The value of JavaScript in it, awaited where it is a promise. */
  evaluate(expression: string): Promise<unknown>
  /** A key by its name in `KeyboardEvent.key`, a character or `Tab`, `Enter`, `Escape`. */
  press(key: string): Promise<void>
  /** What it complained of so far. */
  readonly complaints: readonly string[]
  /** What its main thread has cost so far, in milliseconds of CPU: whatever else the machine does. */
  cpuMs(): Promise<number>
  /** PNG of the whole page, base64. */
  screenshot(): Promise<string>
  close(): Promise<void>
}

export interface Browser {
  look(at: Look): Promise<Seen>
  open(at: Omit<Look, 'expression'>): Promise<OpenPage>
  close(): Promise<void>
}

/** Starts a headless browser and speaks the DevTools protocol with it. */
export async function openBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'sallyport-browser-'))
  const child = spawn(program, [...quiet, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const socket = new WebSocket(await devtoolsUrl(child))
  await once(socket, 'open')
  const protocol = createProtocol(socket)
  return {
    look: (at) => look(protocol, at),
    open: (at) => openPage(protocol, at),
    async close() {
      socket.close()
      child.kill()
      await once(child, 'exit')
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function devtoolsUrl({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('the browser has no stderr to say its address on')
  for await (const line of createInterface({ input: stderr })) {
    const url = /^DevTools listening on (ws:.*)$/.exec(line)?.[1]
    if (url === undefined) continue
    // Nobody reads further; a full pipe would stop the browser.
    stderr.resume()
    return url
  }
  throw new Error('the browser ended without saying its address')
}

const messageSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
})

interface Protocol {
  send(method: string, params?: object, sessionId?: string): Promise<unknown>
  onEvent(listener: (method: string, params: unknown) => void): void
}

function createProtocol(socket: WebSocket): Protocol {
  const answers = new Map<number, PromiseWithResolvers<unknown>>()
  const listeners = new Set<(method: string, params: unknown) => void>()
  let id = 0
  socket.on('message', (text: Buffer) => {
    const message = messageSchema.parse(JSON.parse(text.toString()))
    const { method } = message
    if (method !== undefined) for (const listener of listeners) listener(method, message.params)
    const answer = message.id === undefined ? undefined : answers.get(message.id)
    if (message.error === undefined) answer?.resolve(message.result)
    else answer?.reject(new Error(message.error.message))
  })
  return {
    send(method, params = {}, sessionId?: string) {
      id += 1
      const answer = Promise.withResolvers<unknown>()
      answers.set(id, answer)
      socket.send(JSON.stringify({ id, method, params, sessionId }))
      return answer.promise
    },
    onEvent: (listener) => listeners.add(listener),
  }
}

const targetSchema = z.object({ targetId: z.string() })
const sessionSchema = z.object({ sessionId: z.string() })
const evaluationSchema = z.object({
  // Without a value where it is undefined.
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.object({ text: z.string() }).optional(),
})
const metricsSchema = z.object({
  metrics: z.array(z.object({ name: z.string(), value: z.number() })),
})
const screenshotSchema = z.object({ data: z.string() })

async function look(protocol: Protocol, { expression, ...at }: Look): Promise<Seen> {
  const page = await openPage(protocol, at)
  const value = await page.evaluate(expression)
  await page.close()
  return { value, complaints: page.complaints }
}

async function openPage(
  protocol: Protocol,
  { url, width, scheme }: Omit<Look, 'expression'>,
): Promise<OpenPage> {
  const complaints: string[] = []
  const loaded = Promise.withResolvers<void>()
  protocol.onEvent((method, params) => {
    if (method === 'Page.loadEventFired') loaded.resolve()
    if (isComplaint(method, params)) complaints.push(JSON.stringify(params))
  })
  const { targetId } = targetSchema.parse(
    await protocol.send('Target.createTarget', { url: 'about:blank' }),
  )
  const { sessionId } = sessionSchema.parse(
    await protocol.send('Target.attachToTarget', { targetId, flatten: true }),
  )
  const send = (method: string, params?: object) => protocol.send(method, params, sessionId)
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`)
  await send('Performance.enable', { timeDomain: 'threadTicks' })
  const metrics = { width, height: 1200, deviceScaleFactor: 1, mobile: false }
  await send('Emulation.setDeviceMetricsOverride', metrics)
  const features = [{ name: 'prefers-color-scheme', value: scheme }]
  await send('Emulation.setEmulatedMedia', { features })
  await send('Page.navigate', { url })
  await loaded.promise
  return {
    complaints,
    async evaluate(expression) {
      const asked = { expression, returnByValue: true, awaitPromise: true }
      const answer = evaluationSchema.parse(await send('Runtime.evaluate', asked))
      const { result, exceptionDetails: fault } = answer
      if (fault !== undefined) throw new Error(`${fault.text}: ${JSON.stringify(answer)}`)
      return result.value
    },
    async press(key) {
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...keyOf(key) })
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...keyOf(key) })
    },
    async cpuMs() {
      const { metrics: counted } = metricsSchema.parse(await send('Performance.getMetrics'))
      const task = counted.find(({ name }) => name === 'TaskDuration')
      if (task === undefined) throw new Error('the browser does not tell what tasks cost')
      return task.value * 1000
    },
    async screenshot() {
      const asked = { format: 'png', captureBeyondViewport: true }
      return screenshotSchema.parse(await send('Page.captureScreenshot', asked)).data
    },
    async close() {
      await protocol.send('Target.closeTarget', { targetId })
    },
  }
}

/** Windows' virtual key codes, which the browser goes by, and the text that a key types. */
const keys: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Tab: { code: 9 },
  Enter: { code: 13, text: '\r' },
  Escape: { code: 27 },
}

function keyOf(key: string): object {
  const { code, text = key.length === 1 ? key : undefined } = keys[key] ?? { code: 0 }
  return { key, windowsVirtualKeyCode: code, ...(text !== undefined && { text }) }
}

const logSchema = z.object({ entry: z.object({ level: z.string() }) })
const consoleSchema = z.object({ type: z.string() })

function isComplaint(method: string, params: unknown): boolean {
  if (method === 'Runtime.exceptionThrown') return true
  if (method === 'Log.entryAdded') {
    return ['error', 'warning'].includes(logSchema.parse(params).entry.level)
  }
  if (method !== 'Runtime.consoleAPICalled') return false
  return ['error', 'warning', 'assert'].includes(consoleSchema.parse(params).type)
}
