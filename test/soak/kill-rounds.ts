import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createFollowedTrustStore } from '#edge/trust-stores/managed/followed-trust-store.ts'
import { decodeDocument } from '#edge/trust-stores/managed/document.ts'
import { httpFeed, type Feed } from '#edge/trust-stores/managed/http-feed.ts'
import { loadObject } from '#edge/trust-stores/managed/objects.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createAuthority, type Authority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { between, chance, pick, stream, type Random } from '#simulator/random.ts'
import { startControlPlane, type ControlPlaneProcess } from './control-plane-process.ts'

export interface KillOptions {
  readonly kills: number
  readonly seed: number
  readonly onProgress: (line: string) => void
}

/** What a run of kills came to. */
export interface KillReport {
  readonly kills: number
  /** Of them: before it listened, and with a change under way. */
  readonly atStart: number
  readonly inChange: number
  /** Changes that were said to be made. */
  readonly made: number
  /** Changes under way at a kill that were found made afterwards. */
  readonly madeUnsaid: number
  /** Heads that a follower saw, each with every file it names. */
  readonly headsSeen: number
  /** What must never be: a sentence each. */
  readonly faults: readonly string[]
}

/** So many kills and the next directory: first starts are killed too. */
const killsOfWorld = 50

/** A start takes half a second to two; a change some ten milliseconds. Kills fall within these. */
const startMs = 2000
const changesMs = 250

type Counts = { -readonly [Name in keyof Omit<KillReport, 'faults'>]: number } & {
  readonly faults: string[]
}

/** Kills a control plane again and again in the middle of what it does, and looks at what is left. */
export async function killAgainAndAgain(options: KillOptions): Promise<KillReport> {
  const counts: Counts = {
    kills: 0,
    atStart: 0,
    inChange: 0,
    made: 0,
    madeUnsaid: 0,
    headsSeen: 0,
    faults: [],
  }
  for (let world = 0; counts.kills < options.kills; world += 1) {
    await killWorld(world, options, counts)
  }
  return counts
}

/** One directory and everything that was said of what lies in it. */
interface World {
  readonly directory: string
  readonly random: Random
  readonly authority: Authority
  readonly counts: Counts
  /** The document of each epoch that was said or seen. */
  readonly epochs: Map<number, string>
  /** The change that was asked for when the process was killed. */
  isUnderWay: boolean
  /** Where the control plane is now; undefined before it first was anywhere. */
  feed: Feed | undefined
}

async function killWorld(
  number: number,
  { seed, kills, onProgress }: KillOptions,
  counts: Counts,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-kill-'))
  const start = instantFromMs(Date.now())
  const authorityOptions = { seed, start, intermediates: 1, ledger: new Ledger() }
  const world: World = {
    directory,
    random: stream(seed, 'kill', number),
    authority: await createAuthority(authorityOptions),
    counts,
    epochs: new Map(),
    isUnderWay: false,
    feed: undefined,
  }
  const follower = follow(world)
  const last = Math.min(kills, counts.kills + killsOfWorld)
  while (counts.kills < last && counts.faults.length === 0) {
    await killOnce(world)
    if (counts.kills % 25 === 0) onProgress(progressOf(counts, kills))
  }
  // Once more, and left alone: all that was said is there.
  await withControlPlane(world, async (ask) => checkEveryEpoch(world, ask))
  await follower.stop()
  await rm(directory, { recursive: true })
  if (counts.faults.length > 0) counts.kills = Math.max(counts.kills, kills)
}

const progressOf = (counts: Counts, all: number): string =>
  `${counts.kills} of ${all} kills: ${counts.atStart} at the start, ${counts.inChange} in a change; ${counts.made} changes made, ${counts.headsSeen} heads seen`

async function killOnce(world: World): Promise<void> {
  const { counts, random } = world
  counts.kills += 1
  if (chance(random, 0.15)) {
    const process = startControlPlane(world.directory)
    await wait(between(random, 0, startMs))
    await process.kill()
    counts.atStart += 1
    return
  }
  await withControlPlane(world, async (ask, process) => {
    const changing = changeOn(world, ask)
    await wait(between(random, 0, changesMs))
    const wasUnderWay = world.isUnderWay
    await process.kill()
    if (wasUnderWay) counts.inChange += 1
    await changing
  })
}

type Ask = (method: string, path: string, body?: Bytes | object) => Promise<Answer>

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

async function withControlPlane(
  world: World,
  work: (ask: Ask, process: ControlPlaneProcess) => Promise<void>,
): Promise<void> {
  const process = startControlPlane(world.directory)
  try {
    const url = await process.listening
    if (url === undefined) {
      world.counts.faults.push(`it does not open again: ${process.said()}`)
      return
    }
    const token = (await readFile(join(world.directory, 'admin.token'), 'utf8')).trim()
    world.feed = httpFeed({ url, token, name: 'cars' })
    await checkHead(world, world.feed)
    await work(asking(url, token), process)
  } finally {
    await process.kill()
  }
}

const asking =
  (url: string, token: string): Ask =>
  async (method, path, body) => {
    const isOctets = body instanceof Uint8Array
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': isOctets ? 'application/octet-stream' : 'application/json',
      },
      ...(body !== undefined && { body: isOctets ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

/** The head is the last that was said, or the one that was under way; and all of it is there. */
async function checkHead(world: World, feed: Feed): Promise<void> {
  const { counts, epochs } = world
  const head = await feed.head()
  const said = Math.max(0, ...epochs.keys())
  const found = head?.epoch ?? 0
  const allowed = world.isUnderWay ? [said, said + 1] : [said]
  if (!allowed.includes(found)) {
    counts.faults.push(`epoch ${found} is in force after a kill, and ${said} was said`)
  }
  if (head !== undefined && found === said && epochs.get(said) !== head.document) {
    counts.faults.push(`epoch ${said} is another document after a kill`)
  }
  if (head !== undefined && found === said + 1) {
    counts.madeUnsaid += 1
    epochs.set(found, head.document)
  }
  world.isUnderWay = false
  if (head !== undefined) await checkWhole(world, feed, head.document)
}

/** Everything that a head names can be loaded, and is what its name says. */
async function checkWhole(world: World, feed: Feed, name: string): Promise<void> {
  const { bundle, intermediates, lists } = decodeDocument(await loadObject(feed.objects, name))
  const files = [bundle.file, ...(intermediates ? [intermediates.file] : [])]
  for (const file of [...files, ...lists.map((each) => each.file)]) {
    await loadObject(feed.objects, file)
  }
  world.counts.headsSeen += 1
}

async function checkEveryEpoch({ epochs, counts, feed }: World, ask: Ask): Promise<void> {
  for (const [epoch, document] of epochs) {
    const { status } = await ask('GET', `/trust-stores/cars/document?epoch=${epoch}`)
    if (status !== 200) counts.faults.push(`epoch ${epoch} was said, and cannot be read any more`)
    if (feed !== undefined) await loadObject(feed.objects, document)
  }
}

/** A kill between a store's name and its bundle leaves the name, and the bundle can come later. */
async function makeStore(world: World, ask: Ask): Promise<void> {
  const bundle = await fileOf(ask, toUtf8(world.authority.anchorsPem))
  const isNamed = (await ask('GET', '/trust-stores/cars')).status === 200
  const order = { kind: 'replace_bundle', file: bundle }
  await made(world, () =>
    isNamed
      ? ask('POST', '/trust-stores/cars/changes', order)
      : ask('POST', '/trust-stores', { name: 'cars', bundle }),
  )
}

async function fileOf(ask: Ask, octets: Bytes): Promise<unknown> {
  return (await ask('POST', '/files', octets)).body['file']
}

/** Asks for a change and remembers what is said of it; the kill may come in between. */
async function made(world: World, ask: () => Promise<Answer>): Promise<void> {
  world.isUnderWay = true
  const { status, body } = await ask()
  world.isUnderWay = false
  const head = (status === 201 ? body['head'] : body) as Readonly<Record<string, unknown>>
  if (status >= 300) {
    world.counts.faults.push(`a change was refused: ${JSON.stringify(body)}`)
    return
  }
  world.counts.made += 1
  world.epochs.set(Number(head['epoch']), String(head['document']))
}

/** One change after the other, until nobody answers. */
async function changeOn(world: World, ask: Ask): Promise<void> {
  try {
    if (world.epochs.size === 0) await makeStore(world, ask)
    while (world.counts.faults.length === 0) {
      const order = await pick(world.random, orders)(world, ask)
      await made(world, () => ask('POST', '/trust-stores/cars/changes', order))
    }
  } catch (error) {
    // A connection that broke off: the kill. What was under way stays noted.
    if (!(error instanceof TypeError)) throw error
  }
}

type Order = (world: World, ask: Ask) => Promise<object>

const orders: readonly Order[] = [
  async ({ authority, random }) => ({
    kind: 'revoke_serials',
    serials: [
      {
        issuer: toBase64(subjectOf(authority.anchorsPem)),
        serial: Math.floor(between(random, 2 ** 40, 2 ** 47))
          .toString(16)
          .padStart(12, '0'),
      },
    ],
  }),
  async ({ authority }, ask) => {
    const lists = await authority.crls(instantFromMs(Date.now()), 86_400_000)
    const root = lists.find(({ name }) => name === 'root.crl')
    return {
      kind: 'add_lists',
      lists: [{ file: await fileOf(ask, root?.der ?? new Uint8Array()), shrink: 'accept' }],
    }
  },
  async ({ authority }, ask) => ({
    kind: 'replace_intermediates',
    file: await fileOf(ask, toUtf8(authority.intermediatesPem)),
  }),
  async () => ({ kind: 'replace_intermediates' }),
]

function subjectOf(pem: string): Bytes {
  const ders = decodePem(pem, 'CERTIFICATE')
  const certificate = ders.ok && ders.value[0] !== undefined && parseCertificate(ders.value[0])
  if (certificate === false || !certificate.ok) throw new Error('the anchor cannot be read')
  return certificate.value.subject
}

/** A gateway that lives through all of it: it may be told that nobody answers, and nothing else. */
function follow(world: World): { stop(): Promise<void> } {
  const options = {
    limits: defaultLimits,
    maxStalenessMs: 1000,
    failStaticMs: 24 * 3_600_000,
    clock: { now: () => instantFromMs(Date.now()) },
    wait: async (ms: number): Promise<void> => wait(ms),
    background: (work: Promise<unknown>) => void work,
  }
  const store = createFollowedTrustStore({
    ...options,
    head: () => feedOf(world).head(),
    objects: {
      get: (name) => feedOf(world).objects.get(name),
      put: (name, octets) => feedOf(world).objects.put(name, octets),
    },
    report: ({ because }) => {
      if (!isAway(because)) world.counts.faults.push(`a follower was told: ${because}`)
    },
  })
  const stopping = new AbortController()
  const running = (async () => {
    let hadOne = false
    while (!stopping.signal.aborted) {
      const current = world.feed && world.epochs.size > 0 ? await store.current() : undefined
      if (hadOne && current === undefined) world.counts.faults.push('a follower lost its store')
      hadOne ||= current !== undefined
      await wait(20)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

function feedOf({ feed }: World): Feed {
  if (feed === undefined) throw new Error('no control plane was started yet')
  return feed
}

/** A process that is not there, or was killed while it answered. */
const isAway = (because: string): boolean =>
  /does not answer|terminated|no answer within|aborted/.test(because)
