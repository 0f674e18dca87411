import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import { createUpstreamCa, createWorldCa, type WorldCa } from '../../../onboarding/authorities.ts'
import type { EdgeOptions } from '../../../onboarding/edge.ts'
import { createLedger, type Ledger } from '../../../onboarding/ledger.ts'
import type { AskCa, Beside, EnrolmentCheck } from './stage.ts'
import { start, validityMs } from './times.ts'

/** What changes while a fault is played before an EST server, and what does not. */
export interface World {
  readonly fault: string
  readonly seed: number
  /** What time it is, and how far ahead of it the edge's clock is. */
  readonly time: { at: Instant; skewMs: number }
  readonly ledger: Ledger
  readonly fleet: WorldCa
  readonly factory: WorldCa
  /** The fleet's CA as it is, and as it answers now. */
  readonly askCa: AskCa
  bent: AskCa
  /** The trust store's files, the fleet's list aside, and how many of that there were. */
  files: ReadonlyMap<string, Bytes>
  list: Bytes | undefined
  lists: number
  readonly alarms: string[]
  readonly checks: EnrolmentCheck[]
  readonly beside: Beside[]
  readonly story: string[]
}

export function createWorld(fault: string, seed: number): World {
  const time = { at: start, skewMs: 0 }
  const ledger = createLedger({ isOutageSafe: true })
  const fleet = createWorldCa(seed, 'fleet', start)
  const factory = createWorldCa(seed, 'factory', start)
  const plan = { seed, validityMs, outage: { fromMs: 0, forMs: 0 } }
  const clock = { now: () => time.at }
  const askCa = createUpstreamCa(plan, fleet, { clock, start, ledger })
  const files = new Map([['anchors.pem', toUtf8(fleet.pem)]])
  const seen = { alarms: [], checks: [], beside: [], story: [] }
  const known = { fault, seed, time, ledger, fleet, factory, askCa }
  return { ...known, ...seen, bent: askCa, files, list: undefined, lists: 0 }
}

/** The edge of a world; `furtherCas`: what its `cacerts` hands out beside the fleet's CA, PEM. */
export function edgeOptionsOf(world: World, furtherCas: string): EdgeOptions {
  const { seed, time, fleet, factory } = world
  return {
    plan: { seed, validityMs },
    clock: { now: () => shift(time.at, time.skewMs) },
    fleet,
    factory,
    askCa: (asked) => world.bent(asked),
    trust: () => filesOf(world),
    caCertificates: fleet.pem + furtherCas,
    alarm: ({ claim }) => void world.alarms.push(claim),
  }
}

const filesOf = ({ files, list }: World): ReadonlyMap<string, Bytes> =>
  list === undefined ? files : new Map([...files, ['crl/fleet.crl', list]])
