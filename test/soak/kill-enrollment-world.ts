import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { openNodeRegistry } from '#edge/node/registry.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { between, chance, stream, type Random } from '#simulator/random.ts'
import { digest } from '../edge/enrollment/registry/ca.ts'

/** Parts of each kind: few, so that a kill comes between two of them often. */
export const killedShards = 3

/** One request of a device, by words. */
export interface Task {
  readonly device: string
  readonly key: string
  readonly request: string
  /** SHA-256 of the claim's secret. */
  readonly claim: string
}

export interface EnrolmentKillOptions {
  readonly kills: number
  readonly seed: number
  readonly onProgress: (line: string) => void
}

/** What a run of kills came to. */
export interface EnrolmentKillReport {
  readonly kills: number
  /** Of them: before a request was asked, and with an issue under way. */
  readonly atStart: number
  readonly inIssue: number
  /** Certificates that the CA had signed at a kill, and that nobody had written down. */
  readonly signedUnwritten: number
  readonly signed: number
  readonly handedOut: number
  /** What must never be: a sentence each. */
  readonly faults: readonly string[]
}

type Counts = { -readonly [Name in keyof Omit<EnrolmentKillReport, 'faults'>]: number } & {
  readonly faults: string[]
}

/** So many kills and the next directory, with new devices. */
const killsOfWorld = 25

/** A claim for two keys each, and three devices that want to use it. */
const devicesOfWorld = 300
const quota = 2
const devicesOfClaim = 3

/** A start takes a second; an issue some ten milliseconds. */
const startMs = 1000
const workMs = 250

const compiled = join(tmpdir(), 'sallyport-compiled')
const command = fileURLToPath(new URL('kill-enrollment-process.ts', import.meta.url))

interface World {
  readonly directory: string
  readonly random: Random
  readonly tasks: readonly Task[]
  readonly counts: Counts
  /** The serial that was written down for each request, since it was first seen. */
  readonly serials: Map<string, string>
  /** Serials that were signed and not yet written down at one of the kills. */
  readonly unwritten: Set<string>
}

/** Kills enrolment again and again in the middle of an issue, and looks at what is left. */
export async function killEnrolments(options: EnrolmentKillOptions): Promise<EnrolmentKillReport> {
  const counts: Counts = {
    kills: 0,
    atStart: 0,
    inIssue: 0,
    signedUnwritten: 0,
    signed: 0,
    handedOut: 0,
    faults: [],
  }
  const { kills, seed, onProgress } = options
  for (let number = 0; counts.kills < kills && counts.faults.length === 0; number += 1) {
    const world = await createWorld(stream(seed, 'kill enrolment', number), counts)
    const last = Math.min(kills, counts.kills + killsOfWorld)
    while (counts.kills < last && counts.faults.length === 0) {
      await killOnce(world)
      await withRegistry(world, (registry) => checkWorld(world, registry))
    }
    counts.signedUnwritten += world.unwritten.size
    counts.signed += linesOf(world, 'signed.log').length
    counts.handedOut += linesOf(world, 'handed-out.log').length
    await rm(world.directory, { recursive: true })
    onProgress(
      `${counts.kills} of ${kills} kills: ${counts.inIssue} in an issue, ${counts.signedUnwritten} certificates signed and not yet written down; ${counts.signed} signed`,
    )
  }
  return counts
}

async function createWorld(random: Random, counts: Counts): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-kill-enrolment-'))
  const world = {
    directory,
    random,
    counts,
    serials: new Map<string, string>(),
    unwritten: new Set<string>(),
  }
  const tasks = await withRegistry(world, makeTasks)
  await writeFile(join(directory, 'tasks.json'), JSON.stringify(tasks))
  return { ...world, tasks }
}

/** Each device has two requests of its key; of those that share a claim one is too many. */
async function makeTasks(registry: DeviceRegistry): Promise<readonly Task[]> {
  const tasks: Task[] = []
  let claim = ''
  for (let number = 0; number < devicesOfWorld; number += 1) {
    if (number % devicesOfClaim === 0) claim = await makeClaim(registry)
    const [device, key] = [`car-${number}`, `key ${number}`]
    for (const each of ['first', 'second']) {
      tasks.push({ device, key, request: `${device}-${each}`, claim })
    }
    // Somebody who has copied the key of the one before.
    tasks.push({ device: `thief-${number}`, key, request: `thief-${number}`, claim })
  }
  return tasks
}

async function makeClaim(registry: DeviceRegistry): Promise<string> {
  const order = { device: undefined, quota, classes: [], forMs: 86_400_000 }
  const made = await registry.makeClaim({ ...order, approval: 'automatic' }, 'soak')
  if (!made.ok || made.value.token === undefined) throw new Error('no claim was made')
  return digest(made.value.token)
}

async function withRegistry<Value>(
  { directory }: Pick<World, 'directory'>,
  work: (registry: DeviceRegistry) => Promise<Value>,
): Promise<Value> {
  const registry = openNodeRegistry({
    directory: join(directory, 'registry'),
    shards: killedShards,
    clock: runtimeClock,
    random: runtimeRandom,
    verifier: createWebCryptoVerifier(),
  })
  try {
    return await work(registry)
  } finally {
    registry.close()
  }
}

async function killOnce({ directory, random, counts }: World): Promise<void> {
  counts.kills += 1
  const seed = String(Math.floor(between(random, 0, 2 ** 31)))
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
  const child = spawn(process.execPath, [command, directory, seed], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const isEarly = chance(random, 0.1)
  if (isEarly) counts.atStart += 1
  else await Promise.race([once(child.stdout, 'data'), ended])
  if (!isEarly && child.exitCode !== null) counts.faults.push('it ended by itself')
  await wait(between(random, 0, isEarly ? startMs : workMs))
  child.kill('SIGKILL')
  await ended
}

function linesOf({ directory }: World, file: string): readonly (readonly [string, string])[] {
  const path = join(directory, file)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  // What is behind the last line feed a kill has cut off.
  return lines.slice(0, -1).map((line) => {
    const [first = '', second = ''] = line.split(' ')
    return [first, second] as const
  })
}

async function checkWorld(world: World, registry: DeviceRegistry): Promise<void> {
  const { counts, unwritten } = world
  const devices = await registry.exportDevices({ after: '', limit: 10_000 })
  const certificates = new Map(
    devices.flatMap(({ name, certificates: all }) =>
      all.map((each) => [each.serial, { ...each, name }]),
    ),
  )
  const meant = new Map<string, { readonly state: string; readonly device: string }>()
  for (const { name } of devices) {
    for (const each of (await registry.device(name))?.enrolments ?? []) {
      meant.set(each.serial, { state: each.state, device: name })
      checkSerial(world, each)
    }
  }
  const open = [...meant.values()].filter(({ state }) => state === 'signing')
  if (open.length > 0) counts.inIssue += 1
  for (const [device, serial] of linesOf(world, 'signed.log')) {
    if (meant.get(serial)?.device !== device) {
      counts.faults.push(
        `the CA has signed ${serial} for ${device}, which the registry does not know`,
      )
    }
    if (!certificates.has(serial) && meant.get(serial)?.state === 'signing') unwritten.add(serial)
  }
  checkHandedOut(world, certificates)
  checkKeys(counts, [...certificates.values()])
  for (const { id, used } of await registry.claims({ after: '', limit: 10_000 })) {
    if (used > quota) counts.faults.push(`the claim ${id} was used ${used} times`)
  }
}

/** One request, one serial, whatever is killed in between. */
function checkSerial(
  { serials, counts }: World,
  { id, requestSha256, serial }: { id: string; requestSha256: string; serial: string },
): void {
  const before = serials.get(requestSha256)
  if (before !== undefined && before !== serial) {
    counts.faults.push(`the enrolment ${id} had the serial ${before}, and has ${serial}`)
  }
  serials.set(requestSha256, serial)
}

type Written = ReadonlyMap<string, { readonly revokedAt: unknown; readonly keySha256: string }>

function checkHandedOut(world: World, certificates: Written): void {
  const byRequest = new Map<string, string>()
  for (const [request, serial] of linesOf(world, 'handed-out.log')) {
    if (certificates.get(serial)?.revokedAt !== undefined || !certificates.has(serial)) {
      world.counts.faults.push(
        `${request} has the certificate ${serial}, which is not written down`,
      )
    }
    const before = byRequest.get(request) ?? serial
    if (before !== serial) {
      world.counts.faults.push(`${request} has ${before}, and ${serial} as well`)
    }
    byRequest.set(request, serial)
  }
}

/** No two certificates for one key: nobody has renewed. */
function checkKeys(
  counts: Counts,
  certificates: readonly { readonly revokedAt: unknown; readonly keySha256: string }[],
): void {
  const keys = certificates
    .filter(({ revokedAt }) => revokedAt === undefined)
    .map(({ keySha256 }) => keySha256)
  if (new Set(keys).size !== keys.length) counts.faults.push('two certificates are for one key')
}
