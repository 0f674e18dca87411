import { Pool } from 'undici'
import type { Section } from '../bench.ts'
import { figureOf, type Contender, type Rounds } from '../measure.ts'
import { cpuUsOfProcess } from '../runtimes/process-cpu.ts'

/** What one request asks, and what its answer has to be. */
export interface LoadRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Of a POST; undefined: it is a GET. */
  readonly body?: string
}

/** A server under load, measured from outside. */
export interface Loaded {
  readonly contender: Contender
  /** Requests answered in a second, of each turn in order. */
  readonly rates: readonly number[]
}

/** Connections that are held, each with one request at a time. */
const connections = 8

/** Sends requests over connections that stay, as fast as they are answered. */
export interface Client {
  /** So many requests, the nth as `requestOf` says. Rejects where one is not answered with 200. */
  send(times: number, requestOf: (nth: number) => LoadRequest): Promise<void>
  close(): Promise<void>
}

export function createClient(origin: string, options: Pool.Options = {}): Client {
  const pool = new Pool(origin, { connections, pipelining: 1, ...options })
  return {
    async send(times, requestOf) {
      let sent = 0
      const one = async (): Promise<void> => {
        while (sent < times) await ask(pool, requestOf((sent += 1) - 1))
      }
      await Promise.all(Array.from({ length: connections }, one))
    },
    close: () => pool.close(),
  }
}

async function ask(pool: Pool, { path, headers, body }: LoadRequest): Promise<void> {
  const method = body === undefined ? 'GET' : 'POST'
  const answer = await pool.request({ method, path, headers, body: body ?? null })
  if (answer.statusCode === 200) return answer.body.dump()
  throw new Error(`${path} was answered with ${answer.statusCode}: ${await answer.body.text()}`)
}

/** What is loaded, by what, and what is done before each turn without being counted. */
export interface LoadPlan {
  readonly name: string
  /** Processes whose CPU counts, all their threads. */
  readonly pids: readonly number[]
  readonly client: Client
  readonly requestOf: (nth: number) => LoadRequest
  readonly before?: () => Promise<void>
}

export function loaded({ name, pids, client, requestOf, before }: LoadPlan): Loaded {
  const rates: number[] = []
  const cpuUs = (): number => pids.reduce((total, pid) => total + cpuUsOfProcess(pid), 0)
  return {
    rates,
    contender: {
      name,
      async cpuUs(times) {
        await before?.()
        const [cpuBefore, wallBefore] = [cpuUs(), performance.now()]
        await client.send(times, requestOf)
        const used = cpuUs() - cpuBefore
        rates.push((times / (performance.now() - wallBefore)) * 1000)
        return used
      },
    },
  }
}

/** How many requests a second there were in the turns whose CPU was measured. */
export function ratesOf(title: string, sides: readonly Loaded[], { count }: Rounds): Section {
  const figures = sides.map(({ contender, rates }) => figureOf(contender.name, rates.slice(-count)))
  return {
    title: `${title}: answered in a second (least)`,
    unit: 'requests/s',
    figures,
    goals: [],
  }
}
