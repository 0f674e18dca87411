import { alternate, type Rounds } from '../measure.ts'
import type { Goal, Section } from '../bench.ts'
import { createClient, loaded, ratesOf, type Client } from '../overhead/load.ts'
import { startWorkerBehindNginx } from '../overhead/worker-door.ts'
import {
  createWholePathPki,
  startGateway,
  startNginx,
  startUpstream,
  type Door,
  type WholePathPki,
} from '../overhead/whole-path.ts'

/**
 * From a device to the target behind: our gateway on Node, itself without a decision, and nginx with
 * `ssl_verify_client` and `ssl_crl`, each ending mutual TLS before the same upstream; and nginx as a
 * front that passes certificates on to the worker in workerd. Only the CPU of the gateway's own
 * processes counts, the front's with the worker's.
 */
export async function* wholePathSections(rounds: Rounds): AsyncGenerator<Section> {
  const pki = await createWholePathPki()
  const upstream = await startUpstream()
  const doors = await openDoors(pki, upstream.port)
  try {
    yield* sectionOf('held connections', rounds, doors, (door) => clientOf(pki, door, {}))
    // undici ends a connection after its answer where none may be held.
    yield* sectionOf('a new connection each', rounds, doors, (door) =>
      clientOf(pki, door, { pipelining: 0 }),
    )
  } finally {
    for (const { door } of doors) await door.close()
    upstream.close()
    pki.remove()
  }
}

interface NamedDoor {
  readonly name: string
  readonly door: Door
}

const ours = 'sallyport-serve'
const undecided = 'sallyport-serve, MODE off'
const nginx = 'nginx, ssl_verify_client on, ssl_crl'
const behindNginx = 'nginx that decides nothing, and the worker in workerd'
const undecidedBehindNginx = 'the same, and its worker with MODE off'

/** Of the decision alone; beside nginx stands all that Node and workerd cost, which the figures tell. */
const goals: readonly Goal[] = [
  { of: ours, to: undecided, atMost: 1.1 },
  { of: behindNginx, to: undecidedBehindNginx, atMost: 1.1 },
]

async function openDoors(pki: WholePathPki, upstreamPort: number): Promise<readonly NamedDoor[]> {
  const quiet = { SALLYPORT_CONNECTION_LOG: 'off' }
  const peer = await startNginx(pki, upstreamPort, { name: 'peer', verify: 'on' })
  const [deciding, passing] = [
    await startWorkerBehindNginx(pki, upstreamPort, { name: 'front', mode: 'verify' }),
    await startWorkerBehindNginx(pki, upstreamPort, { name: 'front-off', mode: 'off' }),
  ]
  if (peer === undefined) process.stderr.write('skipped: nginx is not installed\n')
  return [
    { name: ours, door: await startGateway(pki, upstreamPort, quiet) },
    {
      name: undecided,
      door: await startGateway(pki, upstreamPort, { ...quiet, SALLYPORT_MODE: 'off' }),
    },
    { name: `${ours}, a line of log each`, door: await startGateway(pki, upstreamPort) },
    ...(peer === undefined ? [] : [{ name: nginx, door: peer }]),
    ...(deciding === undefined ? [] : [{ name: behindNginx, door: deciding }]),
    ...(passing === undefined ? [] : [{ name: undecidedBehindNginx, door: passing }]),
  ]
}

function clientOf(
  { caPem, device }: WholePathPki,
  { port }: Door,
  options: { readonly pipelining?: number },
): Client {
  const { keyPem: key, chainPem: cert } = device
  const connect = { ca: caPem, key, cert, maxCachedSessions: 0, servername: 'localhost' }
  return createClient(`https://127.0.0.1:${port}`, { ...options, connect })
}

const requestOf = () => ({ path: '/telemetry', headers: { accept: 'application/json' } })

async function* sectionOf(
  title: string,
  rounds: Rounds,
  doors: readonly NamedDoor[],
  connect: (door: Door) => Client,
): AsyncGenerator<Section> {
  const clients = doors.map(({ door }) => connect(door))
  const sides = doors.map(({ name, door: { pids } }, nth) => {
    const client = clients[nth]
    if (client === undefined) throw new Error(`no client for ${name}`)
    return loaded({ name, pids, client, requestOf })
  })
  const figures = await alternate(
    sides.map(({ contender }) => contender),
    rounds,
  )
  for (const client of clients) await client.close()
  // Without nginx there is no worker behind it, which was told.
  const judged = goals.filter(({ of }) => doors.some(({ name }) => name === of))
  const path = `the whole path, ${title}`
  yield { title: `${path}: CPU of the gateway`, unit: 'µs', figures, goals: judged }
  yield ratesOf(path, sides, rounds)
}
