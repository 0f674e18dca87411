import type { Instant } from '#shared/time.ts'
import { shift } from '#shared/time.ts'
import type { Authority } from '../ca/authority.ts'
import type { Ledger } from '../ca/ledger.ts'
import {
  planHostile,
  planRevocations,
  type PlannedAttack,
  type PlannedRevocation,
} from '../device/plan.ts'
import { awayUntil, planFleet } from '../device/profile.ts'
import type { Attempt, Observation } from '../oracle/attempt.ts'
import type { Oracle } from '../oracle/oracle.ts'
import type { Collector } from '../report/collect.ts'
import { placePhases } from '../scenario/phases.ts'
import type { Phase, Scenario } from '../scenario/scenario.ts'
import { createAgenda, type Agenda } from './agenda.ts'
import { attack } from './attacks.ts'
import type { Deeds } from './deeds.ts'
import { DeviceAgent, type Surroundings } from './device-agent.ts'
import type { Door } from './door.ts'
import type { EventLog } from './event-log.ts'
import { sideBySide } from './side-by-side.ts'
import type { Timeline } from './timeline.ts'

/** What the world acts upon and is watched by. */
export interface WorldPorts {
  readonly scenario: Scenario
  readonly authority: Authority
  readonly ledger: Ledger
  readonly timeline: Timeline
  readonly door: Door
  readonly oracle: Oracle
  readonly collector: Collector
  readonly log: EventLog
  /** Puts a phase's policy in force: the edge is deployed anew. */
  readonly enterPhase: (phase: Phase) => Promise<void>
  /** Writes one object of the trust store. */
  readonly publish: (name: string, octets: Uint8Array) => Promise<void>
  /** Called after each instant. */
  readonly onInstant: (at: Instant) => void
  readonly signal: AbortSignal
}

/** One entry of the agenda. What the world itself does comes before what devices do then. */
type Entry =
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'revoke'; readonly plan: PlannedRevocation }
  | { readonly kind: 'publish' }
  | { readonly kind: 'wake'; readonly device: string }
  | { readonly kind: 'attack'; readonly plan: PlannedAttack; readonly ordinal: number }

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
  #onlineCountedAt: number = Number.NEGATIVE_INFINITY

  constructor(ports: WorldPorts) {
    const { scenario, authority, door, timeline } = ports
    this.#ports = ports
    const cookies = (): boolean => this.#phase?.cookies ?? false
    this.#around = { authority, door, cookies, now: () => timeline.now() }
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
    let at = scenario.time.start
    for (;;) {
      const next = this.#agenda.nextInstant()
      if (next === undefined || next >= end) break
      await timeline.advanceTo(next, signal)
      if (signal.aborted) return at
      at = next
      await this.#liveInstant(at)
      onInstant(at)
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
      agenda.add(plan.publishesAt, { kind: 'publish' })
    }
    for (let ms = 0; ms < time.durationMs; ms += pki.crl.publishEveryMs) {
      agenda.add(shift(time.start, ms), { kind: 'publish' })
    }
    for (const [ordinal, plan] of planHostile(scenario).entries()) {
      agenda.add(plan.at, { kind: 'attack', plan, ordinal })
    }
    for (const { id } of profiles) agenda.add(time.start, { kind: 'wake', device: id })
  }

  async #liveInstant(at: Instant): Promise<void> {
    const entries = this.#agenda.takeNext()
    for (const entry of entries) if (entry.kind === 'phase') await this.#enter(entry.phase, at)
    for (const entry of entries) if (entry.kind === 'revoke') await this.#revoke(entry.plan, at)
    if (entries.some(({ kind }) => kind === 'publish')) await this.#publishCrls(at)
    this.#countOnline(at)
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
    this.#take(device, await agent.beRevoked({ goesOn, publishesAt, probesAt }, at), at)
  }

  async #publishCrls(at: Instant): Promise<void> {
    const { authority, ledger, log, publish, scenario, timeline } = this.#ports
    for (const crl of await authority.crls(timeline.now(), scenario.pki.crl.nextUpdateMs)) {
      await publish(`crl/${crl.name}`, crl.der)
      ledger.recordPublished(crl.issuer, timeline.now())
    }
    log.event(at, 'crls_published', { revoked: ledger.revocations().length })
  }

  async #actSideBySide(acts: readonly Act[], at: Instant): Promise<void> {
    const deeds = await sideBySide(acts, sideBySideMax, (act) => this.#act(act, at))
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
    for (const event of deeds.happened) collector.happened(event)
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
