import { setTimeout as pause } from 'node:timers/promises'
import { Pool, type Dispatcher } from 'undici'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import { chainOf, dayMs } from '../runtime/given.ts'
import { startRuntime, type Runtime } from '../runtime/stage.ts'
import { judge, type Logged, type Outcome, type Verdict } from './judge.ts'
import { planSoak, type Incident, type PlannedRequest } from './plan.ts'
import { startTargets, type TargetProcess } from './target-processes.ts'

export interface SoakOptions {
  readonly requests: number
  readonly seed: number
  readonly targets: number
  readonly concurrency: number
  readonly onProgress: (text: string) => void
  /** Sends no more; what was sent is judged. */
  readonly stop?: AbortSignal
}

export interface SoakReport extends Verdict {
  readonly kills: number
  readonly restarts: number
  readonly slowdowns: number
  readonly seconds: number
}

/** What the worker waits for a target, and how slow a slow one is: well beyond it. */
const targetTimeoutMs = 1000
const slowMs = 3000

/** Milliseconds that log lines may be on their way when the last answer is there. */
const logQuietMs = 10_000

const devices = 16

/**
 * Sends requests through the production worker in workerd, as an ALB in passthrough mode hands them
 * over, to real HTTP targets that are killed, restarted and slow by a plan of the seed.
 */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const plan = planSoak({ ...options, devices })
  const processes = await startTargets(options.targets)
  const { targets } = processes
  try {
    const runtime = await startGateway(targets)
    try {
      const started = performance.now()
      const fleet = await createFleet(runtime)
      const drill = createDrill(plan.incidents, targets)
      const seen = await sendAll(plan.requests, fleet, runtime, { ...options, drill })
      const counts = await drill.end()
      const logged = await allLines(runtime, seen.logged, seen.outcomes.length)
      const arrivals = await arrivalsAt(targets)
      const ids = plan.requests.slice(0, seen.outcomes.length).map(({ id }) => id)
      const verdict = judge({ ids, outcomes: seen.outcomes, logged, arrivals })
      return { ...verdict, ...counts, seconds: (performance.now() - started) / 1000 }
    } finally {
      await runtime.close()
    }
  } finally {
    await processes.close()
  }
}

function startGateway(targets: readonly TargetProcess[]): Promise<Runtime> {
  const variables = {
    PLATFORM: 'alb',
    ALB_MODE: 'passthrough',
    HOP: 'network',
    TARGET_GROUPS: JSON.stringify({ all: { targets: targets.map(({ url }) => url) } }),
    TARGET_TIMEOUT: `${targetTimeoutMs}ms`,
  }
  return startRuntime([{ name: 'soak', entry: 'edge/worker.ts', variables }])
}

/** What each device's requests carry, by its number. */
async function createFleet({ pki }: Runtime): Promise<readonly Readonly<Record<string, string>>[]> {
  const names = Array.from({ length: devices }, (_, index) => `car-${index}`)
  const cars = await Promise.all(names.map((name) => pki.issue(name, [-dayMs, dayMs])))
  return cars.map((car) => Object.fromEntries(writeAlbPassthrough(chainOf(car))))
}

/** Carries out the plan, as requests begin. */
interface Drill {
  began(index: number): void
  /** Waits for restarts under way. */
  end(): Promise<Pick<SoakReport, 'kills' | 'restarts' | 'slowdowns'>>
}

function createDrill(incidents: readonly Incident[], targets: readonly TargetProcess[]): Drill {
  const counts = { kills: 0, restarts: 0, slowdowns: 0 }
  const restarting: Promise<void>[] = []
  const begin = ({ kind, target }: Incident): void => {
    if (kind === 'killed') {
      targets[target]?.kill()
      counts.kills += 1
    } else {
      targets[target]?.setDelay(slowMs)
      counts.slowdowns += 1
    }
  }
  const end = ({ kind, target: index }: Incident): void => {
    const target = targets[index]
    if (kind === 'slow' || target === undefined) return target?.setDelay(0)
    counts.restarts += 1
    restarting.push(target.restart())
  }
  const steps = new Map<number, (() => void)[]>()
  const at = (index: number, step: () => void): void => {
    steps.set(index, [...(steps.get(index) ?? []), step])
  }
  for (const incident of incidents) {
    at(incident.atRequest, () => begin(incident))
    at(incident.untilRequest, () => end(incident))
  }
  return {
    began: (index) => {
      for (const step of steps.get(index) ?? []) step()
    },
    async end() {
      await Promise.all(restarting)
      return counts
    },
  }
}

interface Seen {
  readonly outcomes: { readonly id: string; readonly outcome: Outcome }[]
  readonly logged: Logged[]
}

async function sendAll(
  requests: readonly PlannedRequest[],
  fleet: readonly Readonly<Record<string, string>>[],
  runtime: Runtime,
  { concurrency, onProgress, stop, drill }: SoakOptions & { readonly drill: Drill },
): Promise<Seen> {
  const seen: Seen = { outcomes: [], logged: [] }
  const pool = new Pool(runtime.url.origin, { connections: concurrency })
  let next = 0
  const sendOn = async (): Promise<void> => {
    for (;;) {
      const index = next
      const request = requests[index]
      if (request === undefined || stop?.aborted === true) return
      next += 1
      drill.began(index)
      const outcome = await send(pool, request, fleet[request.device] ?? {})
      seen.outcomes.push({ id: request.id, outcome })
      if (seen.outcomes.length % progressEvery(requests.length) === 0) {
        seen.logged.push(...linesOf(runtime))
        onProgress(`${seen.outcomes.length} of ${requests.length} requests`)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, sendOn))
  await pool.close()
  return seen
}

const progressEvery = (requests: number): number => Math.max(500, Math.floor(requests / 20))

async function send(
  pool: Dispatcher,
  { id, method }: PlannedRequest,
  headers: Readonly<Record<string, string>>,
): Promise<Outcome> {
  try {
    const { statusCode: status, body } = await pool.request({
      method,
      path: `/telemetry/${id}`,
      headers: { ...headers, host: 'soak.example', 'x-amzn-trace-id': `Root=1-00000000-${id}` },
      body: method === 'POST' ? `kWh ${id}` : null,
    })
    return { kind: 'answered', status, body: await body.text() }
  } catch {
    // Whatever ended the connection: the client has no answer.
    return { kind: 'cut' }
  }
}

/** The lines of the log that came since it was last asked; what else workers print is none. */
function linesOf(runtime: Runtime): readonly Logged[] {
  return runtime.takeLogs().flatMap((line) => (line.startsWith('{') ? readLine(line) : []))
}

function readLine(line: string): Logged {
  const { connection, problem } = JSON.parse(line) as {
    readonly connection: { readonly traceId?: string }
    readonly problem?: { readonly code: string }
  }
  return { id: connection.traceId?.slice(-24) ?? 'none', problem: problem?.code }
}

/** Waits for lines that are on their way, as long as some come. */
async function allLines(
  runtime: Runtime,
  before: readonly Logged[],
  count: number,
): Promise<readonly Logged[]> {
  const lines = [...before]
  const stepMs = 100
  for (let quietMs = 0; quietMs < logQuietMs && lines.length < count; quietMs += stepMs) {
    await pause(stepMs)
    const more = linesOf(runtime)
    if (more.length > 0) quietMs = 0
    lines.push(...more)
  }
  // One more look: a request that is logged twice is not done when all are logged.
  await pause(stepMs)
  return [...lines, ...linesOf(runtime)]
}

async function arrivalsAt(
  targets: readonly TargetProcess[],
): Promise<readonly { readonly id: string; readonly target: string }[]> {
  const each = targets.map(async (target) =>
    (await target.arrivals()).map((id) => ({ id, target: target.name })),
  )
  return (await Promise.all(each)).flat()
}
