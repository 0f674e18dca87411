import { shift, type Clock, type Instant } from '#shared/time.ts'
import { createAgenda } from '../engine/agenda.ts'
import { between, chance, stream } from '../random.ts'
import { integer } from '../ca/der.ts'
import { certificate } from '../commands/onboard/corpus/maker.ts'
import { createUpstreamCa, createWorldCa, type WorldCa } from './authorities.ts'
import type { Door } from './door.ts'
import type { Desk, EdgeOptions } from './edge.ts'
import { hostileActs } from './hostile.ts'
import { worldKeys } from './keys.ts'
import { createLedger, type LedgerTotals } from './ledger.ts'
import {
  codeOf,
  factoryCredential,
  live,
  ownCredential,
  type Device,
  type Surroundings,
} from './life.ts'
import { dayMs, eventKinds, minimumOf, safeOutageMs, type EventKind, type Plan } from './plan.ts'

/** What a rehearsal came to. */
export interface Rehearsal extends LedgerTotals {
  readonly devices: number
  readonly requests: number
  /** Milliseconds: the CA's absence, and how long it may be away before anybody lapses. */
  readonly outageMs: number
  readonly safeOutageMs: number
  /** Devices that the registry says are active; every one that enrolled is. */
  readonly active: number
  /** Kinds of events that happened less often than they had to: the run has shown nothing of them. */
  readonly missing: readonly MissingEvent[]
  /** Whether every rule held and everything happened. */
  readonly passed: boolean
}

export interface MissingEvent {
  readonly kind: EventKind
  readonly seen: number
  readonly wanted: number
}

/** Opens the edge that is rehearsed against: in process, or behind TLS. */
export type OpenEdge = (
  options: EdgeOptions,
) => Promise<{ readonly desk: Desk; readonly door: Door }>

/** What a run tells while it goes on. */
export type Progress = (done: { readonly requests: number; readonly at: Instant }) => void

/** When the rehearsed world begins: fixed, so that a seed is a run. */
const start = Date.UTC(2026, 2, 1) as Instant

/**
 * Enrols a fleet and lets it live: renewals, a CA that goes away, returns after weeks, wipes, lost
 * answers, duplicates, crossed retries, hostile requests. All chance is the plan's seed.
 */
export async function rehearse(
  plan: Plan,
  open: OpenEdge,
  progress: Progress = () => undefined,
): Promise<Rehearsal> {
  let now = start
  const clock: Clock = { now: () => now }
  const safeMs = safeOutageMs(plan)
  const ledger = createLedger({ isOutageSafe: plan.outage.forMs <= safeMs })
  const fleet = createWorldCa(plan.seed, 'fleet', start)
  const factory = createWorldCa(plan.seed, 'factory', start)
  const askCa = createUpstreamCa(plan, fleet, { clock, start, ledger })
  const { desk, door } = await open({ plan, clock, fleet, factory, askCa })
  try {
    let requests = 0
    const counted: Door = {
      ...door,
      ask: (question) => door.ask(question).finally(() => (requests += 1)),
    }
    await registerFactory(desk, plan, factory)
    const world: Surroundings = {
      plan,
      start,
      clock,
      door: counted,
      factory,
      ledger,
      agenda: createAgenda(),
      claimFor: (device) => claimFor(desk, device),
    }
    settleDevices(world)
    const imitate = createImitator(world, fleet)
    for (let at = world.agenda.nextInstant(); at !== undefined; at = world.agenda.nextInstant()) {
      now = at
      for (const { device, due } of world.agenda.takeNext()) {
        await (due.kind === 'imitated' ? imitate(device) : live(device, due, world))
      }
      progress({ requests, at })
    }
    const { active } = await desk.counts()
    return resultOf(plan, ledger.close(), { requests, active, safeMs })
  } finally {
    await door.close()
  }
}

function settleDevices({ plan, agenda }: Surroundings): void {
  const { seed, devices, rates, enrolOverMs } = plan
  for (let number = 1; number <= devices; number += 1) {
    const name = `dev-${String(number).padStart(7, '0')}`
    const random = stream(seed, 'onboarding', name)
    const entry = chance(random, rates.claim) ? 'claim' : 'factory'
    const isAway = chance(random, rates.away)
    const stay = isAway ? (chance(random, rates.lapse) ? 'lapses' : 'away') : 'stays'
    const at = shift(start, Math.floor(between(random, 0, enrolOverMs)))
    const device: Device = {
      name,
      entry,
      stay,
      random,
      idevid: undefined,
      keyNumber: 1,
      held: undefined,
      asking: undefined,
    }
    agenda.add(at, { device, due: { kind: 'enroll' } })
  }
}

/** An operator registers the factory's CA, whose key signs a nonce (facts, section 2). */
export async function registerFactory(
  desk: Pick<Desk, 'challenge' | 'registerAuthority'>,
  { seed }: Pick<Plan, 'seed'>,
  factory: WorldCa,
  now = start,
): Promise<void> {
  const { nonce } = await desk.challenge()
  const verification = certificate(nonce, factory.issuer, now, {
    keys: worldKeys(seed, 'verification'),
    serial: integer(Uint8Array.of(1)),
  })
  const proof = { certificate: factory.der, verification }
  const settings = { approval: 'automatic', firstConnection: 'refuse', classes: [] } as const
  const registered = await desk.registerAuthority(proof, settings, operator)
  if (!registered.ok) throw new Error(`the factory's CA was not taken: ${registered.error.because}`)
}

const operator = 'rehearsal'

/** A token that an operator gives out for this device alone. */
export async function claimFor(desk: Pick<Desk, 'makeClaim'>, device: string): Promise<string> {
  const order = { device, quota: 1, classes: [], approval: 'automatic', forMs: 60 * dayMs } as const
  const made = await desk.makeClaim(order, operator)
  if (!made.ok) throw new Error(`no claim was made: ${made.error.because}`)
  if (made.value.token === undefined) throw new Error('a claim without a token')
  return made.value.token
}

/** Sends the hostile acts in turn, and asks of each whether it was refused by one of its codes. */
function createImitator(world: Surroundings, fleet: WorldCa): (device: Device) => Promise<void> {
  const acts = hostileActs(start, fleet)
  const { plan, clock, factory, ledger, claimFor: claim } = world
  let turn = 0
  return async (device) => {
    const make = acts[turn % acts.length]
    // Wiped, and without a certificate at the moment: there is nothing to steal.
    if (make === undefined || device.held === undefined) return
    turn += 1
    const own = ownCredential(device, world)
    const { name, question, codes } = await make({
      seed: plan.seed,
      device: device.name,
      now: clock.now(),
      factory,
      own,
      ownKeys: own.keys,
      factoryCredential: () => factoryCredential(device, world),
      claimFor: claim,
    })
    const answer = await world.door.ask(question)
    ledger.happened('hostile')
    const code = codeOf(answer)
    if (answer.status >= 400 && answer.status < 500 && codes.includes(code)) return
    const detail = `${name} answered ${answer.status} ${answer.text.slice(0, 120).trim()}, wanted ${codes.join(' or ')}`
    ledger.violation({ rule: 'hostile_request_refused', device: device.name, detail })
  }
}

function resultOf(
  { devices, outage }: Plan,
  totals: LedgerTotals,
  {
    requests,
    active,
    safeMs,
  }: { readonly requests: number; readonly active: number; readonly safeMs: number },
): Rehearsal {
  const missing = eventKinds
    .map((kind) => ({ kind, seen: totals.events[kind] ?? 0, wanted: minimumOf(kind, devices) }))
    .filter(({ seen, wanted }) => seen < wanted)
  const isClean = Object.keys(totals.violations).length === 0
  return {
    ...totals,
    devices,
    requests,
    outageMs: outage.forMs,
    safeOutageMs: safeMs,
    active,
    missing,
    passed: isClean && missing.length === 0 && active === devices,
  }
}
