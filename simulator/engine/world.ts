import type { Instant } from '#shared/time.ts'
import { shift } from '#shared/time.ts'
import type { Authority } from '../ca/authority.ts'
import type { HierarchyEvents } from '../ca/hierarchy-events.ts'
import type { Ledger } from '../ca/ledger.ts'
import {
  planHostile,
  planRevocations,
  type PlannedAttack,
  type PlannedRevocation,
} from '../device/plan.ts'
import { awayUntil } from '../device/absence.ts'
import { createCapacity } from '../device/capacity.ts'
import { planFleet } from '../device/profile.ts'
import type { DeviceState } from '../device/state.ts'
import type { FleetOnboarding } from '../onboarding/fleet.ts'
import { planOnboarding, type PlannedOnboarding } from '../onboarding/fleet-plan.ts'
import type { Attempt, Observation } from '../oracle/attempt.ts'
import type { Oracle } from '../oracle/oracle.ts'
import type { Collector } from '../report/collect.ts'
import { isPutIn } from '../report/expectations.ts'
import { isListFault } from '../scenario/edge-faults.ts'
import { outageEnd, publisherOutages, type PlacedOutage } from '../scenario/outages.ts'
import { placePhases } from '../scenario/phases.ts'
import type { ChaosEvent, HierarchyEvent, Phase, Scenario } from '../scenario/scenario.ts'
import { createAgenda, type Agenda } from './agenda.ts'
import { attack } from './attacks.ts'
import type { Deeds } from './deeds.ts'
import { DeviceAgent, type Surroundings } from './device-agent.ts'
import type { Door } from './door.ts'
import type { EventLog } from './event-log.ts'
import { createListKeeper, type ListKeeper } from './list-keeper.ts'
import { sideBySide } from './side-by-side.ts'
import type { Timeline } from './timeline.ts'

/** What the world acts upon and is watched by. */
export interface WorldPorts {
  readonly scenario: Scenario
  readonly authority: Authority
  readonly hierarchy: HierarchyEvents
  readonly ledger: Ledger
  readonly timeline: Timeline
  readonly door: Door
  /** Where fleets get their certificates of the edge. */
  readonly onboarding?: FleetOnboarding | undefined
  readonly oracle: Oracle
  readonly collector: Collector
  readonly log: EventLog
  /** Puts a phase's policy in force: the edge is deployed anew. */
  readonly enterPhase: (phase: Phase) => Promise<void>
  /** Writes one object of the trust store. */
  readonly publish: (name: string, octets: Uint8Array) => Promise<void>
  /** Writes one object of the trust store as no publisher would. */
  readonly damage: (name: string, octets: Uint8Array) => Promise<void>
  /** Called after each instant; `standings` counts the devices by where they stand then. */
  readonly onInstant: (at: Instant, standings: () => Standings) => void
  readonly signal: AbortSignal
}

/** How many devices there are in each state; states that no device is in are missing. */
export type Standings = Readonly<Partial<Record<DeviceState['kind'], number>>>

/** One entry of the agenda. What the world itself does comes before what devices do then. */
type Entry =
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'revoke'; readonly plan: PlannedRevocation }
  | { readonly kind: 'publish'; readonly list: 'complete' | 'delta' }
  | { readonly kind: 'hierarchy'; readonly event: HierarchyEvent }
  | { readonly kind: 'fault'; readonly event: ChaosEvent; readonly stage: 'begins' | 'ends' }
  | { readonly kind: 'wake'; readonly device: string }
  | { readonly kind: 'attack'; readonly plan: PlannedAttack; readonly ordinal: number }
  | { readonly kind: 'onboarding'; readonly plan: PlannedOnboarding }

type Act = Extract<Entry, { kind: 'wake' | 'attack' }>

/** The edge went away under the run: said in words a person can act on. */
export class EdgeGone extends Error {}

/** Devices that act at one instant, side by side: enough to keep both cores busy, few enough to keep latency honest. */
const sideBySideMax = 16

/** How often the number of online devices is counted, in virtual milliseconds. */
const onlineEveryMs = 3_600_000

/**
 * Lives a scenario from its start to its end, instant by instant: the world's own events first, in
 * order; then devices and attackers, side by side, judged in a fixed order.
 */
export async function liveScenario(ports: WorldPorts): Promise<{ readonly endedAt: Instant }> {
  const world = new World(ports)
  try {
    return { endedAt: await world.live() }
  } finally {
    await world.hangUpAll()
  }
}

class World {
  readonly #ports: WorldPorts
  readonly #agents: ReadonlyMap<string, DeviceAgent>
  readonly #around: Surroundings
  readonly #agenda: Agenda<Entry> = createAgenda()
  #phase: Phase | undefined
  #attempts = 0
  #handshakes = 0
  /** Where the CA turns away who comes too late, devices have to come one after the other. */
  readonly #sideBySideMax: number
  readonly #silences: readonly PlacedOutage[]
  readonly #lists: ListKeeper
  #onlineCountedAt: number = Number.NEGATIVE_INFINITY

  constructor(ports: WorldPorts) {
    const { scenario, authority, door, timeline } = ports
    this.#ports = ports
    this.#silences = publisherOutages(scenario)
    this.#lists = createListKeeper()
    const cookies = (): boolean => this.#phase?.cookies ?? false
    const isInTurn = scenario.pki.ca.ratePerSecond !== undefined || ports.onboarding !== undefined
    this.#sideBySideMax = isInTurn ? 1 : (door.sideBySideMax ?? sideBySideMax)
    const takeCapacity = createCapacity(scenario)
    const { onboarding } = ports
    const now = (): Instant => timeline.now()
    this.#around = { authority, door, takeCapacity, cookies, now, onboarding }
    const profiles = planFleet(scenario)
    this.#agents = new Map(
      profiles.map((profile) => [
        profile.id,
        new DeviceAgent(profile, scenario.seed, this.#around),
      ]),
    )
    this.#fillAgenda(scenario)
  }

  async live(): Promise<Instant> {
    const { scenario, timeline, signal, onInstant } = this.#ports
    const end = shift(scenario.time.start, scenario.time.durationMs)
    const standings = (): Standings => countStandings([...this.#agents.values()])
    let at = scenario.time.start
    for (;;) {
      const next = this.#agenda.nextInstant()
      if (next === undefined || next >= end) break
      await timeline.advanceTo(next, signal)
      if (signal.aborted) return at
      at = next
      await this.#liveInstant(at)
      onInstant(at, standings)
    }
    await timeline.advanceTo(end, signal)
    return signal.aborted ? at : end
  }

  async hangUpAll(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.hangUp()))
  }

  #fillAgenda(scenario: Scenario): void {
    const { time, pki } = scenario
    const agenda = this.#agenda
    const profiles = [...this.#agents.values()].map(({ profile }) => profile)
    for (const { phase, startedAt } of placePhases(scenario))
      agenda.add(startedAt, { kind: 'phase', phase })
    for (const plan of planRevocations(scenario, profiles)) {
      agenda.add(plan.at, { kind: 'revoke', plan })
      const list = pki.crl.deltaEveryMs === undefined ? 'complete' : 'delta'
      agenda.add(plan.publishesAt, { kind: 'publish', list })
    }
    const { publishEveryMs, deltaEveryMs = time.durationMs } = pki.crl
    for (let ms = 0; ms < time.durationMs; ms += publishEveryMs) {
      agenda.add(shift(time.start, ms), { kind: 'publish', list: 'complete' })
    }
    for (let ms = deltaEveryMs; ms < time.durationMs; ms += deltaEveryMs) {
      agenda.add(shift(time.start, ms), { kind: 'publish', list: 'delta' })
    }
    for (const { until } of this.#silences) {
      agenda.add(until, { kind: 'publish', list: 'complete' })
    }
    for (const event of pki.events) {
      agenda.add(shift(time.start, event.atMs), { kind: 'hierarchy', event })
    }
    for (const event of scenario.chaos) {
      if (!isPutIn(event.fault)) continue
      const at = shift(time.start, event.atMs)
      agenda.add(at, { kind: 'fault', event, stage: 'begins' })
      if (event.forMs > 0)
        agenda.add(shift(at, event.forMs), { kind: 'fault', event, stage: 'ends' })
    }
    for (const [ordinal, plan] of planHostile(scenario).entries()) {
      agenda.add(plan.at, { kind: 'attack', plan, ordinal })
    }
    for (const plan of planOnboarding(scenario, profiles)) {
      agenda.add(plan.at, { kind: 'onboarding', plan })
    }
    for (const [device, { wakeAt }] of this.#agents) {
      if (wakeAt !== undefined) agenda.add(wakeAt, { kind: 'wake', device })
    }
  }

  async #liveInstant(at: Instant): Promise<void> {
    const entries = this.#agenda.takeNext()
    for (const entry of entries) if (entry.kind === 'phase') await this.#enter(entry.phase, at)
    for (const entry of entries) {
      if (entry.kind === 'hierarchy') await this.#changeHierarchy(entry.event, at)
    }
    for (const entry of entries) if (entry.kind === 'revoke') await this.#revoke(entry.plan, at)
    const due = entries.flatMap((entry) => (entry.kind === 'publish' ? [entry.list] : []))
    // A complete list has all that a delta of the same instant would have.
    if (due.length > 0) await this.#publishCrls(at, due.includes('complete') ? 'complete' : 'delta')
    for (const entry of entries) if (entry.kind === 'fault') await this.#putIn(entry, at)
    this.#countOnline(at)
    for (const entry of entries) {
      if (entry.kind === 'onboarding') await this.#beset(entry.plan, at)
    }
    for (const acts of inWaves(entries)) await this.#actSideBySide(acts, at)
    this.#countHandshakes(at)
  }

  /** Connections do not outlive a deployment: devices hang up, as they would be cut. */
  async #enter(phase: Phase, at: Instant): Promise<void> {
    await this.hangUpAll()
    await this.#ports.enterPhase(phase)
    this.#phase = phase
    this.#ports.log.event(at, 'phase', { phase: phase.name, mode: phase.mode })
  }

  async #revoke(
    { device, reason, goesOn, publishesAt, probesAt }: PlannedRevocation,
    at: Instant,
  ): Promise<void> {
    const agent = this.#agents.get(device)
    const serial = agent?.credential?.serial
    if (agent === undefined || serial === undefined) {
      throw new Error(`${device} is to be revoked and has no certificate yet: revoke it later`)
    }
    this.#ports.authority.revoke(serial, this.#ports.timeline.now(), reason)
    this.#ports.log.event(at, 'revoked', { device, serial, reason })
    await this.#ports.onboarding?.revoke(device)
    this.#take(device, await agent.beRevoked({ goesOn, publishesAt, probesAt }, at), at)
  }

  /** What befalls a device that onboards: it is wiped, or somebody asks in its name. */
  async #beset({ kind, device }: PlannedOnboarding, at: Instant): Promise<void> {
    const agent = this.#agents.get(device)
    if (agent === undefined) throw new Error(`${device} onboards, and is not there`)
    const deeds = await (kind === 'wiped' ? agent.beWiped(at) : agent.beImitated())
    this.#take(device, deeds, at)
  }

  /** A root that is new publishes its list with it: without one nothing below it is cleared. */
  async #changeHierarchy(event: HierarchyEvent, at: Instant): Promise<void> {
    const { hierarchy, log, publish, timeline } = this.#ports
    const objects = await hierarchy.apply(event, timeline.now())
    if (event.event === 'root_added') await this.#publishCrls(at, 'complete')
    for (const { name, octets } of objects) await publish(name, octets)
    this.#ports.collector.count('hierarchy_events')
    log.event(at, event.event, { intermediate: event.intermediate })
  }

  async #publishCrls(at: Instant, kind: 'complete' | 'delta'): Promise<void> {
    const { authority, collector, ledger, log, publish, scenario, timeline } = this.#ports
    if (outageEnd(this.#silences, at) !== undefined) {
      collector.count('lists_withheld')
      log.event(at, 'crls_withheld', {})
      return
    }
    const { nextUpdateMs } = scenario.pki.crl
    const now = timeline.now()
    const made =
      kind === 'delta'
        ? await authority.deltaCrls(now, nextUpdateMs)
        : await authority.crls(now, nextUpdateMs)
    for (const crl of made) {
      await publish(`crl/${crl.name}`, crl.der)
      this.#lists.keep(`crl/${crl.name}`, crl.der)
    }
    // Of an issuer that has several all are out before one of them counts.
    for (const issuer of new Set(made.map((crl) => crl.issuer))) {
      ledger.recordPublished(issuer, timeline.now(), shift(now, nextUpdateMs), kind)
    }
    collector.count(kind === 'delta' ? 'deltas_published' : 'lists_published')
    const name = kind === 'delta' ? 'delta_crls_published' : 'crls_published'
    log.event(at, name, { revoked: ledger.revocations().length })
  }

  /**
   * A fault begins, or what it damaged is made whole again. A clock that jumped and a bucket that
   * cannot be reached are no acts: the stage knows of them by the time.
   */
  async #putIn({ event, stage }: Extract<Entry, { kind: 'fault' }>, at: Instant): Promise<void> {
    const { collector, damage, enterPhase, ledger, log, timeline } = this.#ports
    const { fault } = event
    if (fault === 'gateway.restart') {
      if (stage === 'ends' || this.#phase === undefined) return
      await this.hangUpAll()
      await enterPhase(this.#phase)
    }
    if (isListFault(fault)) {
      for (const { name, octets } of this.#lists.under(fault, stage)) await damage(name, octets)
      if (stage === 'begins') ledger.recordTakenBack(timeline.now())
      else ledger.recordPutBack(timeline.now())
    }
    if (stage === 'begins') collector.count('faults')
    log.event(at, 'fault', { fault, stage })
  }

  async #actSideBySide(acts: readonly Act[], at: Instant): Promise<void> {
    const deeds = await sideBySide(acts, this.#sideBySideMax, (act) => this.#act(act, at))
    for (const [index, act] of acts.entries()) {
      const done = deeds[index]
      if (done !== undefined) this.#take(act.kind === 'wake' ? act.device : undefined, done, at)
    }
  }

  async #act(act: Act, at: Instant): Promise<Deeds> {
    const agent = this.#agents.get(act.kind === 'wake' ? act.device : act.plan.victim)
    if (agent === undefined)
      throw new Error('an entry of the agenda names a device that is not there')
    if (act.kind === 'wake') return agent.act(at)
    const { plan, ordinal } = act
    const actor = this.#agents.get(plan.actor)
    return attack({ plan, victim: agent, actor, around: this.#around, ordinal })
  }

  /** Takes down what was done: numbered, judged and logged in an order that no race decides. */
  #take(device: string | undefined, deeds: Deeds, at: Instant): void {
    const { collector, log } = this.#ports
    for (const { event, facts } of deeds.events) log.event(at, event, facts)
    for (const event of deeds.happened) collector.happened(event, device, at)
    for (const { attempt, observation } of deeds.attempts) {
      this.#attempts += 1
      this.#judge({ ...attempt, id: this.#attempts, phase: this.#phase?.name ?? '' }, observation)
    }
    if (device === undefined) return
    for (const wake of deeds.wakes) this.#agenda.add(wake, { kind: 'wake', device })
  }

  #judge(attempt: Attempt, observation: Observation): void {
    const { oracle, collector, log } = this.#ports
    if (observation.outcome === 'broken' && observation.detail.includes('upstream-unreachable')) {
      throw new EdgeGone('the edge worker has stopped: nobody listens behind the front any more')
    }
    const judged = { attempt, observation, verdict: oracle.judge(attempt, observation) }
    collector.attempt(judged)
    log.attempt(judged)
  }

  #countHandshakes(at: Instant): void {
    const { door, collector } = this.#ports
    for (; this.#handshakes < door.handshakes.full; this.#handshakes += 1) collector.handshake(at)
  }

  #countOnline(at: Instant): void {
    if (at - this.#onlineCountedAt < onlineEveryMs) return
    this.#onlineCountedAt = at
    const agents = [...this.#agents.values()]
    const online = agents.filter(({ profile }) => awayUntil(profile, at) === undefined)
    this.#ports.collector.online(at, online.length)
  }
}

function countStandings(agents: readonly DeviceAgent[]): Standings {
  const counts: Partial<Record<DeviceState['kind'], number>> = {}
  for (const { standing } of agents) counts[standing] = (counts[standing] ?? 0) + 1
  return counts
}

/**
 * Acts of one instant in waves that may run side by side: first every device once, then the
 * attacks, one after the other, because an attack may borrow a device of the first wave.
 */
function inWaves(entries: readonly Entry[]): Act[][] {
  const wakes = new Map<string, Act>()
  const attacks: Act[] = []
  for (const entry of entries) {
    if (entry.kind === 'wake') wakes.set(entry.device, entry)
    if (entry.kind === 'attack') attacks.push(entry)
  }
  return [[...wakes.values()], ...attacks.map((each) => [each])]
}
