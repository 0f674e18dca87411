import { parseArgs } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import { parseDuration } from '#shared/duration.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { bundleOf, massOf, startPlane, wordOn } from '../chaos/stage.ts'
import { cfOf, dayMs } from '../runtime/given.ts'
import { createCrl, entry } from '../shared/crls.ts'
import { newKeys } from '../shared/keys.ts'
import { createCa, issue, issueCa, type Entity } from '../shared/pki.ts'
import {
  faults,
  makeListUnder,
  suffer,
  waited,
  type FaultName,
  type Outage,
  type Suffering,
} from './revocation-faults.ts'
import { startProcessPlane, type SoakPlane } from './revocation-processes.ts'

export interface RevocationSoakOptions {
  readonly workers: number
  /** Made one by one, by word. */
  readonly revocations: number
  /** Entries of the list that comes after them. */
  readonly list: number
  /** Of revocations by word in a second. */
  readonly rate: number
  readonly maxStalenessMs: number
  readonly fault: FaultName
  /** Gateways on Node, each a process that follows over HTTP, in place of isolates of workerd. */
  readonly inProcesses?: boolean
  /** Between two questions to one of them: exposure is measured to within this; 250 ms unless given. */
  readonly probeEveryMs?: number
  readonly onProgress: (text: string) => void
}

/** How long a revoked device was let in anywhere, from the moment the call that revoked it was answered. */
export interface RevocationSoakReport {
  readonly revocations: number
  readonly questions: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** The time left out in which the control plane, or what it stores, was away: this is what is late, or not. */
  readonly maxServedMs: number
  /** The most, were every acceptance as late as its answer: the questions wait on a machine that is busy. */
  readonly maxAnsweredMs: number
  /** `maxMs` of the devices that the list revoked. */
  readonly listMaxMs: number
  /** Acceptances after the bound, the time left out in which the control plane was away meanwhile. */
  readonly late: number
  /** How often it was away, and the longest of it. */
  readonly outages: number
  readonly outageMaxMs: number
  /** Devices that nobody revoked, by why they were refused. */
  readonly healthyRefused: ReadonlyMap<string, number>
  /** Revoked devices that some worker never refused. */
  readonly neverRefused: number
}

const defaultProbeEveryMs = 250
/** Devices that the list revokes, among its entries. */
const listDevices = 5
/** Nobody revokes them. */
const healthyDevices = 3
/** What a process takes to start, on a machine that is busy. */
const startMs = 5000

interface Device {
  readonly serial: readonly number[]
  readonly cf: object
}

/** A revocation while workers still have to refuse it. */
interface Open {
  readonly device: Device
  readonly answeredAt: number
  readonly missing: Set<string>
  readonly isListed: boolean
  lastAcceptedAt: number
  /** When the answer was there. */
  lastAcceptedBy: number
}

interface Exposure {
  readonly ms: number
  /** Of it while the control plane was there. */
  readonly servedMs: number
  readonly answeredMs: number
  readonly isListed: boolean
}

interface Tally {
  readonly outages: Outage[]
  readonly open: Set<Open>
  readonly exposures: Exposure[]
  readonly healthyRefused: Map<string, number>
  questions: number
}

/** Runs a control plane and its followers, in workerd or on Node, on the machine's own clock, and revokes. */
export async function runRevocationSoak(
  options: RevocationSoakOptions,
): Promise<RevocationSoakReport> {
  const names = Array.from({ length: options.workers }, (_, nth) => `edge${nth}`)
  const variables = { MAX_STALENESS: `${options.maxStalenessMs}ms` }
  const start = options.inProcesses === true ? startProcessPlane : startPlane
  const plane: SoakPlane = await start(Object.fromEntries(names.map((name) => [name, variables])))
  try {
    const fleet = await createFleet(options)
    await publish(plane, fleet)
    const tally: Tally = {
      outages: [],
      open: new Set(),
      exposures: [],
      healthyRefused: new Map(),
      questions: 0,
    }
    const stop = new AbortController()
    if (options.fault !== 'cold') await warm(plane, names, fleet)
    const probing = names.map((name, nth) => {
      // Cold ones begin one after the other, in the middle of it.
      const laterMs = options.fault === 'cold' ? nth * coldEveryMs(options) : 0
      const { probeEveryMs = defaultProbeEveryMs } = options
      const probe = () => probeOnce(plane, name, fleet, tally)
      return probeUntil(stop.signal, { laterMs, probeEveryMs, probe })
    })
    const { fault, maxStalenessMs } = options
    const suffering: Suffering = { plane, names, fault, maxStalenessMs, outages: tally.outages }
    const suffered = suffer(stop.signal, suffering)
    await revokeAll(fleet, tally, suffering, options)
    await settle(tally, options)
    stop.abort()
    await Promise.all([...probing, suffered])
    return report(tally, options)
  } finally {
    await plane.close()
  }
}

/** Between the first questions to two workers that start cold. */
const coldEveryMs = ({ maxStalenessMs }: RevocationSoakOptions): number => maxStalenessMs / 2

interface Fleet {
  readonly root: Entity
  readonly issuing: Entity
  readonly healthy: readonly Device[]
  readonly byWord: readonly Device[]
  readonly byList: readonly Device[]
}

const now = instantFromMs(Date.now())
const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, 30 * dayMs) }

async function createFleet({ revocations }: RevocationSoakOptions): Promise<Fleet> {
  const root = await createCa({ subject: 'Root', ...validity })
  const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...validity })
  const keys = await newKeys()
  const devices = (kind: number, count: number): Promise<readonly Device[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, nth) => {
        const serial = [0x40, kind, nth >> 8, nth & 0xff]
        const { der } = await issue(issuing, { serial, keys, ...validity })
        return { serial, cf: cfOf(der, issuing.der) }
      }),
    )
  return {
    root,
    issuing,
    healthy: await devices(1, healthyDevices),
    byWord: await devices(2, revocations),
    byList: await devices(3, listDevices),
  }
}

const times = { thisUpdate: shift(now, -60_000), nextUpdate: shift(now, dayMs) }

async function publish(plane: SoakPlane, { root, issuing }: Fleet): Promise<void> {
  const bundle = await plane.file(bundleOf(root))
  await plane.api('POST', '/trust-stores', { name: 'cars', bundle })
  const file = await plane.file(bundleOf(issuing))
  await made(plane, () => ({ kind: 'replace_intermediates', file }))
  const lists = [await createCrl(root, times), await createCrl(issuing, times)]
  const files = await Promise.all(lists.map(async (der) => ({ file: await plane.file(der) })))
  await made(plane, () => ({ kind: 'add_lists', lists: files }))
}

/** A process that was killed is back in a second or two, and longer on a machine that is busy. */
const triesMax = 300

/**
 * A control plane that dies takes its answer with it: asked again, as a caller would; it is the same
 * word.
 *
 * @param change may store a file for it, which is asked again too
 */
async function made(plane: SoakPlane, change: () => object | Promise<object>): Promise<void> {
  let last: unknown
  for (let tries = 0; tries < triesMax; tries += 1) {
    const answer = await Promise.resolve()
      .then(change)
      .then((body) => plane.change(body))
      .catch((error: unknown) => void (last = error))
    if (answer?.status === 200) return
    if (answer?.refusal !== undefined) throw new Error(`refused: ${answer.refusal}`)
    await pause(100)
  }
  throw new Error(`a change was not made in ${triesMax} tries`, { cause: last })
}

async function warm(plane: SoakPlane, names: readonly string[], { healthy }: Fleet): Promise<void> {
  for (const name of names)
    await plane.probe(
      name,
      healthy.map(({ cf }) => cf),
    )
}

interface Probing {
  /** When the first question is asked. */
  readonly laterMs: number
  readonly probeEveryMs: number
  readonly probe: () => Promise<void>
}

async function probeUntil(
  signal: AbortSignal,
  { laterMs, probeEveryMs, probe }: Probing,
): Promise<void> {
  await waited(laterMs, signal)
  while (!signal.aborted) {
    await probe()
    await waited(probeEveryMs, signal)
  }
}

/** An acceptance is dated by when it was asked for: it was decided no earlier. */
async function probeOnce(
  plane: SoakPlane,
  name: string,
  { healthy }: Fleet,
  tally: Tally,
): Promise<void> {
  await plane.begin?.(name)
  const asked = [...tally.open].filter(({ missing }) => missing.has(name))
  const devices = [...healthy, ...asked.map(({ device }) => device)].map(({ cf }) => cf)
  const sentAt = performance.now()
  const answers = await plane.probe(name, devices)
  const answeredBy = performance.now()
  tally.questions += answers.length
  for (const [nth, answer] of answers.entries()) {
    const one = asked[nth - healthy.length]
    if (one === undefined) countHealthy(answer, tally)
    else if (answer === 'in') acceptedAt(one, sentAt, answeredBy)
    else if (answer === 'revoked') refusedBy(name, one, tally)
  }
}

function acceptedAt(one: Open, sentAt: number, answeredBy: number): void {
  one.lastAcceptedAt = Math.max(one.lastAcceptedAt, sentAt)
  one.lastAcceptedBy = Math.max(one.lastAcceptedBy, answeredBy)
}

function countHealthy(answer: string, { healthyRefused }: Tally): void {
  if (answer !== 'in') healthyRefused.set(answer, (healthyRefused.get(answer) ?? 0) + 1)
}

function refusedBy(name: string, one: Open, tally: Tally): void {
  one.missing.delete(name)
  if (one.missing.size > 0) return
  tally.open.delete(one)
  tally.exposures.push(exposureOf(one, tally.outages))
}

function exposureOf(
  { lastAcceptedAt, lastAcceptedBy, answeredAt, isListed }: Open,
  outages: readonly Outage[],
): Exposure {
  const ms = Math.max(0, lastAcceptedAt - answeredAt)
  const awayMs = outages.reduce(
    (sum, { from, until }) =>
      sum + Math.max(0, Math.min(until, lastAcceptedAt) - Math.max(from, answeredAt)),
    0,
  )
  const answeredMs = Math.max(0, lastAcceptedBy - answeredAt)
  return { ms, servedMs: ms - awayMs, answeredMs, isListed }
}

async function revokeAll(
  { issuing, byWord, byList }: Fleet,
  tally: Tally,
  suffering: Suffering,
  { rate, list, onProgress }: RevocationSoakOptions,
): Promise<void> {
  const { plane, names } = suffering
  const opened = (device: Device, isListed: boolean): void => {
    const answeredAt = performance.now()
    const never = { lastAcceptedAt: 0, lastAcceptedBy: 0 }
    tally.open.add({ device, answeredAt, missing: new Set(names), isListed, ...never })
  }
  const started = performance.now()
  for (const [nth, device] of byWord.entries()) {
    await pause(Math.max(0, started + (nth * 1000) / rate - performance.now()))
    const serials = [wordOn(issuing, device.serial)]
    await made(plane, () => ({ kind: 'revoke_serials', serials }))
    opened(device, false)
    if (nth % 50 === 49)
      onProgress(`${nth + 1} revoked by word, ${tally.open.size} not yet everywhere`)
  }
  const [name = ''] = names
  const before = await plane.probe(
    name,
    byList.map(({ cf }) => cf),
  )
  if (before.includes('revoked')) throw new Error('a device is refused before its list is there')
  const entries = [...byList.map(({ serial }) => entry(serial)), ...massOf(list - byList.length)]
  const der = await createCrl(issuing, { ...times, number: 8, entries })
  await makeListUnder(suffering, async () => {
    await made(plane, async () => ({ kind: 'add_lists', lists: [{ file: await plane.file(der) }] }))
    for (const device of byList) opened(device, true)
  })
  onProgress(`${list} revoked by list`)
}

/**
 * Three times the bound, what the control plane was away meanwhile, and what cold workers take to begin:
 * what is let in then is let in for good.
 */
async function settle({ open, outages }: Tally, options: RevocationSoakOptions): Promise<void> {
  const from = performance.now()
  const awayMs = (): number =>
    outages.reduce(
      (sum, outage) => sum + Math.max(0, outage.until - Math.max(outage.from, from)),
      0,
    )
  const coldMs = options.fault === 'cold' ? options.workers * (coldEveryMs(options) + startMs) : 0
  const patienceMs = 3 * options.maxStalenessMs + 5000 + coldMs
  while (open.size > 0 && performance.now() - from - awayMs() < patienceMs)
    await pause(defaultProbeEveryMs)
}

function report(tally: Tally, { maxStalenessMs }: RevocationSoakOptions): RevocationSoakReport {
  const left = [...tally.open].map((one) => exposureOf(one, tally.outages))
  const all = [...tally.exposures, ...left]
  const sorted = all.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0
  return {
    revocations: all.length,
    questions: tally.questions,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    maxServedMs: Math.max(0, ...all.map(({ servedMs }) => servedMs)),
    maxAnsweredMs: Math.max(0, ...all.map(({ answeredMs }) => answeredMs)),
    listMaxMs: Math.max(0, ...all.filter(({ isListed }) => isListed).map(({ ms }) => ms)),
    late: all.filter(({ servedMs }) => servedMs > maxStalenessMs).length,
    outages: tally.outages.length,
    outageMaxMs: Math.max(0, ...tally.outages.map(({ from, until }) => until - from)),
    healthyRefused: tally.healthyRefused,
    neverRefused: tally.open.size,
  }
}

const help = `node test/soak/revocation.ts [options]

Revokes devices one by one by word, and then by a list, under edge workers in workerd, and measures how
long any of them still lets a revoked device in. Exits with 1 where one did after the bound, where a
device that nobody revoked was refused, or where a revoked one was never refused.

  --workers N         isolates that follow the control plane (50)
  --processes N       processes of sallyport-serve on Node in their place, the control plane in one of
                      its own: 'restart' kills that one (SIGKILL) and starts it again, two seconds later
                      once more, and while it is away nobody can learn of anything: that time does not
                      count as late; 'slow-r2' and 'r2-errors' are of the files that it hands out
  --revocations N     by word, one call each (1000)
  --list N            entries of the list that comes after them (50000)
  --rate N            calls a second (10)
  --max-staleness D   the bound, as MAX_STALENESS takes it (5s)
  --probe-every D     between two questions to each of them: exposure is measured to within this (250ms)
  --fault NAME        ${faults.join(', ')} (none); of the last two, twice the bound
                      from the list on, the one holds back its shards and nothing else, and the other
                      kills the control plane when half of the workers know of the list, and leaves
                      it and its files away
  --help              this
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      workers: { type: 'string', default: '50' },
      processes: { type: 'string' },
      revocations: { type: 'string', default: '1000' },
      list: { type: 'string', default: '50000' },
      rate: { type: 'string', default: '10' },
      'max-staleness': { type: 'string', default: '5s' },
      'probe-every': { type: 'string', default: `${defaultProbeEveryMs}ms` },
      fault: { type: 'string', default: 'none' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const fault = faults.find((each) => each === values.fault)
  const maxStalenessMs = parseDuration(values['max-staleness'])
  if (fault === undefined) throw new Error(`--fault: expected one of ${faults.join(', ')}`)
  if (maxStalenessMs === undefined) throw new Error('--max-staleness: expected a duration, as 5s')
  const probeEveryMs = parseDuration(values['probe-every'])
  if (probeEveryMs === undefined) throw new Error('--probe-every: expected a duration, as 250ms')
  const { processes } = values
  const workers =
    processes === undefined
      ? wholeNumber('--workers', values.workers, 1, 500)
      : wholeNumber('--processes', processes, 1, 50)
  const outcome = await runRevocationSoak({
    workers,
    inProcesses: processes !== undefined,
    revocations: wholeNumber('--revocations', values.revocations, 0, 10_000),
    list: wholeNumber('--list', values.list, listDevices, 400_000),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    maxStalenessMs,
    probeEveryMs,
    fault,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  const { healthyRefused, ...figures } = outcome
  const shown = { fault, ...figures, healthyRefused: Object.fromEntries(healthyRefused) }
  process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`)
  const isGood = outcome.late === 0 && healthyRefused.size === 0 && outcome.neverRefused === 0
  process.exitCode = isGood ? 0 : 1
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Error(`${name}: expected a whole number from ${least} to ${most}, not ${text}`)
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
}
