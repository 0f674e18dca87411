import { stringify } from 'yaml'
import { chance, pick, stream, type Random } from '../../../random.ts'
import { parseScenario } from '../../../scenario/parse.ts'
import {
  chaosFaults,
  frontProfileNames,
  hostileKinds,
  mqttQualities,
  type Scenario,
} from '../../../scenario/scenario.ts'

/** A scenario in the words of its file, so that it can be printed, cut down and read again. */
export type Sketch = Readonly<Record<string, unknown>> & {
  readonly seed: number
  readonly time: { readonly duration: string } & Readonly<Record<string, unknown>>
  readonly pki: {
    readonly crl: { readonly partitions: number } & Readonly<Record<string, unknown>>
  } & Readonly<Record<string, unknown>>
  readonly front: { readonly profile: string } & Readonly<Record<string, unknown>>
  readonly edge: { readonly count: number } & Readonly<Record<string, unknown>>
  readonly phases: readonly ({ readonly for: string } & Readonly<Record<string, unknown>>)[]
  readonly fleets: readonly ({ readonly kind: string; readonly count: number } & Readonly<
    Record<string, unknown>
  >)[]
  readonly revocations: readonly SketchedRevocation[]
  readonly hostile: readonly Readonly<Record<string, unknown>>[]
  readonly chaos: readonly ({ readonly at: string; readonly fault: string } & Readonly<
    Record<string, unknown>
  >)[]
}

type SketchedRevocation = {
  readonly at: string
  readonly kind: string
  readonly count: number
} & Readonly<Record<string, unknown>>

/** As a file says it. */
export function sketchText(sketch: Sketch): string {
  return stringify(sketch)
}

/** The scenario of a sketch; undefined where its parts contradict each other, as drawn parts may. */
export function scenarioOf(sketch: Sketch): Scenario | undefined {
  const parsed = parseScenario(sketchText(sketch), 'soak')
  return parsed.ok ? parsed.value : undefined
}

/** Draws that may contradict themselves: nearly all are good, and a seed that has none is a fault here. */
const drawsMax = 50

/**
 * A small world whose policy, edges, fleets, faults and strengths are all drawn from the seed: two days
 * of six to twelve devices, so that a thousand of them are lived in minutes and each is unlike the
 * last. Throws an Error where the draws for a seed all contradict themselves.
 */
export function drawSketch(seed: number): Sketch {
  for (let draw = 0; draw < drawsMax; draw += 1) {
    const sketch = sketchFrom(seed, stream(seed, 'soak', draw))
    if (scenarioOf(sketch) !== undefined) return sketch
  }
  throw new Error(`seed ${seed}: ${drawsMax} worlds were drawn for it, and none can be lived`)
}

const dayMinutes = 1440
const days = 2

function sketchFrom(seed: number, random: Random): Sketch {
  const profile = pick(random, frontProfileNames)
  const edges = pick(random, [1, 1, 1, 2, 3])
  const onboards = chance(random, 0.2) ? pick(random, ['car', 'meter']) : undefined
  const deltas = chance(random, 0.4) ? { delta_every: '1h' } : {}
  return {
    version: 1,
    name: `soak-${seed}`,
    seed,
    engine: 'virtual',
    time: { start: '2027-01-01T00:00:00Z', duration: `${days}d`, tick: '15m' },
    pki: {
      intermediates: whole(random, 1, 3),
      crl: {
        publish_every: pick(random, ['3h', '6h', '12h']),
        ...deltas,
        publish_delay: pick(random, ['15m2s', '30m2s', '15m4s']),
        next_update: pick(random, ['18h', '1d', '2d']),
        partitions: pick(random, [1, 1, 1, 2, 4]),
      },
    },
    front: { profile, resumption: 'never' },
    edge: {
      count: edges,
      max_staleness: pick(random, ['5s', '10s', '1m']),
      session_ttl: '15m',
    },
    phases: ['first', 'second'].map((name) => drawPhase(name, random)),
    fleets: [drawFleet('car', 4, random), drawFleet('meter', 2, random)].map((fleet) =>
      fleet.kind === onboards ? onboarding(fleet, random) : fleet,
    ),
    revocations: several(random, 1, 3, () => drawRevocation(onboards, random)),
    hostile: hostileKinds
      .filter(() => chance(random, 0.7))
      .map((kind) => ({ kind, every: pick(random, ['6h', '8h', '12h']) })),
    chaos: several(random, 0, 3, () => drawFault(edges, random)),
  }
}

/** Whoever asks for a first certificate has one by the second day, whatever befalls its CA on the first. */
function drawRevocation(onboards: string | undefined, random: Random): SketchedRevocation {
  const kind = pick(random, ['car', 'meter'])
  return {
    at: `${whole(random, kind === onboards ? 30 : 2, 40)}h`,
    kind,
    count: 1,
    reason: pick(random, ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn']),
    goes_on: chance(random, 0.8),
  }
}

function drawPhase(name: string, random: Random): Sketch['phases'][number] {
  return {
    name,
    for: `${days / 2}d`,
    mode: pick(random, ['verify', 'passthrough']),
    expired: pick(random, ['refuse', 'grace 2h', 'grace 6h', 'allow']),
    cookies: chance(random, 0.5),
  }
}

/** Faults that an edge which starts anew could not live through. */
const needWarmEdge: readonly string[] = ['crl.rollback', 'crl.truncated', 'edge.partition']

/**
 * Damaged lists meet an edge that has had time to load good ones: what one that starts anew makes of
 * them is no matter of one decision (`damagedListsMeetAWarmEdge`). So an edge is started anew in the
 * first hours of a phase, and lists are damaged, or out of reach, in its second half.
 */
function drawFault(edges: number, random: Random): Sketch['chaos'][number] {
  const fault = pick(random, chaosFaults)
  const day = whole(random, 0, days)
  const isOfWarmEdge = needWarmEdge.some((each) => each === fault)
  const hour = isOfWarmEdge ? whole(random, 12, 18) : whole(random, 1, 6)
  const at = `${day * dayMinutes + hour * 60 + whole(random, 0, 60)}m`
  const lasting = fault === 'gateway.restart' ? '0s' : pick(random, ['30m', '2h', '5h'])
  const jump = fault === 'clock.jump' ? drawJump(random) : {}
  const share = fault === 'edge.partition' && edges > 1 ? { share: pick(random, [0.5, 1]) } : {}
  return { at, for: lasting, fault, ...jump, ...share }
}

/** Beyond the seconds that synchronised clocks differ by, up to a reset by months. */
function drawJump(random: Random): { readonly on: string; readonly by: string } {
  const by = pick(random, ['10m', '2h', '3d', '90d'])
  const on = pick(random, ['edge', 'edge', 'car', 'meter'])
  return { on, by: chance(random, 0.5) ? by : `-${by}` }
}

function drawFleet(kind: string, least: number, random: Random): Sketch['fleets'][number] {
  const ratio = pick(random, [0, 0.3, 1])
  return {
    kind,
    count: whole(random, least, least + 4),
    certificate: {
      validity: pick(random, ['6h', '12h', '1d']),
      renew_at: pick(random, [0.5, 0.7]),
      renew_jitter: 0.05,
      reenroll_after: pick(random, ['1h', '3h']),
    },
    traffic: {
      connect_every: pick(random, ['2h', '4h', '6h']),
      requests: whole(random, 1, 4),
      ticks: whole(random, 1, 4),
      mqtt: pick(random, [0, 0.2, 0.5]),
    },
    mqtt: {
      qos: pick(random, mqttQualities),
      retain: chance(random, 0.3),
      will: chance(random, 0.3),
    },
    offline: { ratio, min: '4h', max: pick(random, ['8h', '20h']) },
  }
}

/** The same devices, whose certificates come from the edge's EST server: none of them is away at first. */
function onboarding(fleet: Sketch['fleets'][number], random: Random): Sketch['fleets'][number] {
  return {
    ...fleet,
    enrollment: { at: '30m', within: pick(random, ['15m', '2h']) },
    onboarding: {
      claims: pick(random, [0, 0.5, 1]),
      rekey: pick(random, [0, 0.5]),
      wiped: pick(random, [0, 0.5]),
      hostile: pick(random, [0, 0.5]),
    },
    offline: { ratio: 0, min: '4h', max: '8h' },
  }
}

/** A whole number from `least` up to but not including `most`. */
function whole(random: Random, least: number, most: number): number {
  return least + Math.floor(random.next() * (most - least))
}

function several<Item>(random: Random, least: number, most: number, draw: () => Item): Item[] {
  return Array.from({ length: whole(random, least, most + 1) }, draw)
}
