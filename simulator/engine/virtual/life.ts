import { after, type Soon } from '#shared/soon.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import type { DeviceCredential } from '../../ca/authority.ts'
import type { LedgerCertificate } from '../../ca/ledger.ts'
import type { PlannedRevocation } from '../../device/plan.ts'
import type { DeviceProfile } from '../../device/profile.ts'
import type { DeviceEvent, DeviceState, Effect, OpenSession, Step } from '../../device/state.ts'
import { initialState, step, tell } from '../../device/step.ts'
import type { Intent, Observation } from '../../oracle/attempt.ts'
import { hash32, stream, type Random } from '../../random.ts'
import type { PlacedPhase } from '../../scenario/phases.ts'
import type { LifecycleEvent } from '../../report/planned-events.ts'
import { noDeeds, type Deeds, type UnnumberedAttempt } from '../deeds.ts'
import type { Answer, Door, HttpsLine, MqttLine } from '../door.ts'
import { intentOf, postTelemetry, publishTelemetry, type HeldCookie } from '../telemetry.ts'
import { beAttacked } from './attacked.ts'
import { agreed, withoutName, type Carried } from './core-decisions.ts'
import { phaseOf, without, type Fate, type HeldSession, type LifeStage } from './life-stage.ts'
import type { Recorder } from './recorder.ts'
import { addWake, createWakes, firstOf, takeAt } from './wakes.ts'

/** The line of a session, which the core needs none for, or that there is none. */
type Opened = HeldSession['line'] | 'refused'

type Manner = Partial<Pick<UnnumberedAttempt, 'protocol' | 'connection' | 'cookieSerial'>>

/**
 * One device's life, from instant to instant: the same state machine and the same deeds as
 * `DeviceAgent`, without sockets. Its chance is its own stream, and what it meets are functions of
 * time, so lives may be lived one after another, in any order and on any number of threads, and
 * nothing of a device is kept before its life begins or after it has ended.
 *
 * What has to wait goes on by a bound method, and what is at hand by the method itself: a function
 * within would cost every call its memory, in millions of lives.
 */
export class Life {
  readonly profile: DeviceProfile
  cookie: HeldCookie | undefined
  /** Instants lived so far: wakes, a revocation, attacks. */
  events = 0
  #carried: Carried | undefined
  #ledgered: LedgerCertificate | undefined
  readonly #fate: Fate
  readonly #stage: LifeStage
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #wakes = createWakes()
  #state: DeviceState
  #sessions: HeldSession[] = []
  #issued = 0
  #returns = 0
  #now: Instant
  #phaseIndex = 0
  #restarts = 0
  #phase: PlacedPhase
  /** Of the phase. */
  #policy: VerificationPolicy
  #attacked = 0
  #isRevoked = false
  /** When the list that names its certificate is published. */
  #publishesAt: Instant | undefined
  /** Decisions of the core up to the next one that the whole app is asked as well. */
  #untilCompared: number

  constructor(fate: Fate, stage: LifeStage, recorder: Recorder) {
    this.profile = fate.profile
    this.#fate = fate
    this.#stage = stage
    this.#recorder = recorder
    this.#random = stream(stage.seed, 'device', fate.profile.id)
    this.#state = initialState(fate.profile)
    this.#now = stage.start
    this.#phase = phaseOf(stage, 0)
    this.#policy = stage.policyOf(this.#phase)
    this.#untilCompared = stage.appEvery - (hash32(fate.profile.id) % stage.appEvery)
    const { wakeAt } = this.#state
    if (wakeAt !== undefined) addWake(this.#wakes, wakeAt)
  }

  get credential(): DeviceCredential | undefined {
    return this.#carried?.credential
  }

  /** The certificate that it holds, as the ledger has it. */
  get held(): LedgerCertificate | undefined {
    return this.#ledgered
  }

  /** Lives everything that happens up to and including `until`. */
  async live(until: Instant): Promise<void> {
    for (;;) {
      const at = this.#nextInstant()
      if (at >= this.#stage.end || at > until) break
      const lived = this.#liveInstant(at)
      if (lived !== undefined) await lived
    }
    const last = until < this.#stage.end ? until : shift(this.#stage.end, -1)
    this.#noticePublication(last)
    this.#now = last
    this.#enterPhase(last)
  }

  /** One request beside the device's own life, over the whole app: see `DeviceAgent.requestOnce`. */
  async requestOnce(
    cookie: HeldCookie | undefined,
    intent: Intent,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Deeds> {
    const deeds = noDeeds()
    const { credential } = this
    if (credential === undefined) return deeds
    const attempt = this.#attempt(credential, intent, { cookieSerial: cookie?.serial })
    const line = await this.#app().openHttps(credential)
    if (!line.ok) {
      deeds.attempts.push({ attempt, observation: line.error })
      return deeds
    }
    const answer = await postTelemetry(line.value, this.profile, cookie, headers)
    deeds.attempts.push({ attempt, observation: answer.observation })
    if (intent === 'regular') this.#keepCookie(answer, credential)
    return deeds
  }

  /** Own wakes, the revocation, the next attack: whichever is first. */
  #nextInstant(): number {
    let at = firstOf(this.#wakes)
    const { revocation, attacks } = this.#fate
    if (!this.#isRevoked && revocation !== undefined && revocation.at < at) at = revocation.at
    const next = attacks[this.#attacked]
    if (next !== undefined && next.plan.at < at) at = next.plan.at
    return at
  }

  /** In the world's order: a new phase, the revocation, its publication, the wake, attacks. */
  #liveInstant(instant: number): Promise<void> | undefined {
    const at = shift(this.#stage.start, instant - this.#stage.start)
    this.#now = at
    this.events += 1
    this.#enterPhase(at)
    const { revocation } = this.#fate
    const isDue = !this.#isRevoked && revocation !== undefined && revocation.at === at
    const woken = isDue
      ? after(this.#beRevoked(revocation, at), this.#wake.bind(this, at))
      : this.#wake(at)
    const attacked = this.#fate.attacks[this.#attacked]
    if (attacked?.plan.at !== at) return woken instanceof Promise ? woken : undefined
    return this.#beAttacked(at, woken)
  }

  /** Connections do not outlive a deployment, nor an edge that is started anew. */
  #enterPhase(at: Instant): void {
    while (at >= (this.#stage.restarts[this.#restarts] ?? Number.POSITIVE_INFINITY)) {
      this.#restarts += 1
      this.#sessions = []
    }
    while (at >= this.#phase.endsAt) {
      this.#phaseIndex += 1
      this.#phase = phaseOf(this.#stage, this.#phaseIndex)
      this.#sessions = []
      this.#policy = this.#stage.policyOf(this.#phase)
    }
  }

  #beRevoked(plan: PlannedRevocation, at: Instant): Soon<void> {
    const { credential } = this
    if (credential === undefined) {
      throw new Error(`${plan.device} is to be revoked and has no certificate yet: revoke it later`)
    }
    this.#isRevoked = true
    const { device, reason, goesOn, publishesAt, probesAt } = plan
    const { serial } = credential
    this.#recorder.revoked(serial, at, reason)
    this.#recorder.event(at, 'revoked', { device, serial, reason })
    this.#publishesAt = this.#stage.published.find((lists) => lists.at >= at)?.at
    return this.#tell({ kind: 'revoked', goesOn, publishesAt, probesAt }, at)
  }

  #noticePublication(at: Instant): void {
    const publishedAt = this.#publishesAt
    if (publishedAt === undefined || at < publishedAt) return
    this.#publishesAt = undefined
    this.#recorder.published(this.credential?.issuer ?? '', publishedAt)
  }

  #wake(at: Instant): Soon<void> {
    this.#noticePublication(at)
    if (!takeAt(this.#wakes, at)) return undefined
    this.#noticeReturn(at)
    if (this.#sessions.length === 0) return this.#step(at)
    return after(this.#tickAll([...this.#sessions], 0, at), this.#step.bind(this, at))
  }

  #step(at: Instant): Soon<void> {
    return this.#carryOut(step(this.#state, at, this.#random, this.profile), at)
  }

  #noticeReturn(at: Instant): void {
    const next = this.profile.absences[this.#returns]
    if (next === undefined || at < next.until) return
    this.#returns += 1
    this.#happened('returned', at)
    const since = isoFromInstant(next.from)
    this.#recorder.event(at, 'returned', { device: this.profile.id, since })
  }

  #tickAll(held: readonly HeldSession[], index: number, at: Instant): Soon<void> {
    const session = held[index]
    if (session === undefined) return undefined
    const ticked = session.nextTickAt === at ? this.#tick(session, at) : undefined
    return after(ticked, () => this.#tickAll(held, index + 1, at))
  }

  #tell(event: DeviceEvent, at: Instant): Soon<void> {
    return this.#carryOut(tell(this.#state, event, at, this.#random, this.profile), at)
  }

  #carryOut([state, effects]: Step, at: Instant): Soon<void> {
    this.#state = state
    return this.#effects(effects, 0, at)
  }

  #effects(effects: readonly Effect[], from: number, at: Instant): Soon<void> {
    for (let index = from; index < effects.length; index += 1) {
      const effect = effects[index]
      const done = effect === undefined ? undefined : this.#effect(effect, at)
      if (done instanceof Promise)
        return done.then(this.#effects.bind(this, effects, index + 1, at))
    }
    return undefined
  }

  #effect(effect: Effect, at: Instant): Soon<void> {
    switch (effect.kind) {
      case 'wake':
        addWake(this.#wakes, effect.at)
        return undefined
      case 'enroll':
      case 'renew':
        return this.#obtain(effect, at)
      case 'issuance_failed':
        this.#recorder.event(at, 'issuance_failed', { device: this.profile.id })
        return this.#happened('issuance_failed', at)
      case 'open_session':
        return this.#openSession(effect, at)
    }
  }

  #obtain(
    { kind, ...bounds }: { kind: 'enroll' | 'renew'; notBefore: Instant; notAfter: Instant },
    at: Instant,
  ): Soon<void> {
    const { id: device, kind: deviceKind } = this.profile
    this.#happened(this.#obtained(kind), at)
    this.#issued += 1
    const credential = this.#stage.derive({ device, kind: deviceKind, ...bounds }, this.#issued)
    this.#carried = { credential, found: undefined }
    // A cookie is bound to the certificate it was issued to: with a new one it is worth nothing.
    this.cookie = undefined
    const { serial, issuer, notBefore, notAfter } = credential
    this.#ledgered = { serial, issuer, device, notBefore, notAfter, issuedAt: at }
    this.#recorder.issued(this.#ledgered)
    this.#recorder.event(at, kind, { device, serial })
    return this.#tell({ kind: 'issued', serial, notBefore, notAfter }, at)
  }

  #obtained(kind: 'enroll' | 'renew'): LifecycleEvent {
    if (kind === 'renew') return 'renewed'
    return this.#issued === 0 ? 'enrolled' : 'reenrolled'
  }

  #happened(event: LifecycleEvent, at: Instant): undefined {
    this.#recorder.happened(event, this.profile.id, at)
  }

  #openSession(effect: OpenSession, at: Instant): Soon<void> {
    const carried = this.#carried
    if (carried === undefined) {
      throw new Error(`${this.profile.id} opens a session before it is enrolled`)
    }
    this.#recorder.handshake(at)
    const line = this.#openLine(effect, carried)
    return line instanceof Promise
      ? line.then(this.#opened.bind(this, effect, carried, at))
      : this.#opened(effect, carried, at, line)
  }

  #opened(effect: OpenSession, carried: Carried, at: Instant, line: Opened): Soon<void> {
    if (line === 'refused') return this.#ended(effect, 'refused', at)
    return this.#tick({ effect, carried, line, ticksLeft: effect.ticks, nextTickAt: at }, at)
  }

  /** A session cookie is the whole app's business; without one the core decides alone. */
  #openLine(effect: OpenSession, carried: Carried): Soon<Opened> {
    if (this.#phase.phase.cookies) return this.#openAppLine(effect, carried.credential)
    return effect.protocol === 'mqtt' ? this.#openMqtt(effect, carried) : undefined
  }

  #openMqtt(effect: OpenSession, carried: Carried): Soon<Opened> {
    const attempt = this.#attempt(carried.credential, intentOf(effect), { protocol: 'mqtt' })
    return after(this.#decide(carried), (observation) => {
      this.#record(attempt, withoutName(observation, carried))
      return observation.outcome === 'accepted' ? undefined : ('refused' as const)
    })
  }

  async #openAppLine(
    effect: OpenSession,
    credential: DeviceCredential,
  ): Promise<HttpsLine | MqttLine | 'refused'> {
    if (effect.protocol === 'https') {
      const attempt = this.#attempt(credential, intentOf(effect), {})
      const line = await this.#app().openHttps(credential)
      if (line.ok) return line.value
      this.#record(attempt, line.error)
      return 'refused'
    }
    const attempt = this.#attempt(credential, intentOf(effect), { protocol: 'mqtt' })
    const opened = await this.#app().openMqtt(credential, this.profile.id, this.profile.fleet.mqtt)
    this.#record(attempt, opened.ok ? opened.value.observation : opened.error)
    return opened.ok ? opened.value.line : 'refused'
  }

  #tick(held: HeldSession, at: Instant): Soon<void> {
    const outcome = this.#sendAll(held, 0)
    return outcome instanceof Promise
      ? outcome.then(this.#ticked.bind(this, held, at))
      : this.#ticked(held, at, outcome)
  }

  #ticked(held: HeldSession, at: Instant, outcome: Observation['outcome']): Soon<void> {
    const wasHeld = held.ticksLeft < held.effect.ticks
    held.ticksLeft -= 1
    if (outcome === 'accepted' && held.ticksLeft > 0) {
      held.nextTickAt = shift(at, this.profile.grid.tickMs)
      addWake(this.#wakes, held.nextTickAt)
      if (!wasHeld) this.#sessions.push(held)
      return undefined
    }
    if (wasHeld) this.#sessions = without(this.#sessions, held)
    const closed = held.line?.close()
    return closed === undefined
      ? this.#ended(held.effect, outcome, at)
      : closed.then(this.#ended.bind(this, held.effect, outcome, at))
  }

  #sendAll(held: HeldSession, from: number): Soon<Observation['outcome']> {
    for (let sent = from; sent < held.effect.requests; sent += 1) {
      const isFirst = sent === 0 && held.ticksLeft === held.effect.ticks
      const outcome = this.#send(held, isFirst)
      if (outcome instanceof Promise) {
        return outcome.then(this.#sendOthers.bind(this, held, sent + 1))
      }
      if (outcome !== 'accepted') return outcome
    }
    return 'accepted'
  }

  #sendOthers(
    held: HeldSession,
    from: number,
    seen: Observation['outcome'],
  ): Soon<Observation['outcome']> {
    return seen === 'accepted' ? this.#sendAll(held, from) : seen
  }

  #send(held: HeldSession, isFirst: boolean): Soon<Observation['outcome']> {
    const { line, carried } = held
    if (line !== undefined) return this.#sendToApp(line, held, isFirst)
    const decided = this.#decide(carried)
    return decided instanceof Promise
      ? decided.then(this.#sent.bind(this, held, isFirst))
      : this.#sent(held, isFirst, decided)
  }

  #sent(
    { carried, effect }: HeldSession,
    isFirst: boolean,
    observation: Observation,
  ): Observation['outcome'] {
    const { protocol } = effect
    const isMqtt = protocol === 'mqtt'
    const connection = isFirst && !isMqtt ? 'fresh' : 'held'
    const attempt = this.#attempt(carried.credential, intentOf(effect), { protocol, connection })
    this.#record(attempt, isMqtt ? withoutName(observation, carried) : observation)
    return observation.outcome
  }

  async #sendToApp(
    line: HttpsLine | MqttLine,
    { carried: { credential }, effect }: HeldSession,
    isFirst: boolean,
  ): Promise<Observation['outcome']> {
    const intent = intentOf(effect)
    // The line is of this phase's app, whose clock is told first.
    this.#app()
    if ('publish' in line) {
      const attempt = this.#attempt(credential, intent, { protocol: 'mqtt', connection: 'held' })
      const observation = await publishTelemetry(line, this.profile)
      this.#record(attempt, observation)
      return observation.outcome
    }
    const cookie = this.#cookieFor(credential)
    const connection = isFirst ? 'fresh' : 'held'
    const attempt = this.#attempt(credential, intent, { connection, cookieSerial: cookie?.serial })
    const answer = await postTelemetry(line, this.profile, cookie)
    this.#record(attempt, answer.observation)
    this.#keepCookie(answer, credential)
    return answer.observation.outcome
  }

  /** The core's decision; of some, chosen by name and number, the whole app's beside it. */
  #decide(carried: Carried): Soon<Observation> {
    const decided = this.#stage.core.decide(carried, this.#policy, this.#now)
    this.#untilCompared -= 1
    if (this.#untilCompared > 0) return decided
    this.#untilCompared = this.#stage.appEvery
    return this.#compare(decided, carried.credential)
  }

  async #compare(decided: Soon<Observation>, credential: DeviceCredential): Promise<Observation> {
    const core = await decided
    this.#recorder.compared()
    const line = await this.#app().openHttps(credential)
    if (!line.ok) return agreed(core, line.error)
    const answer = await postTelemetry(line.value, this.profile, undefined)
    return agreed(core, answer.observation)
  }

  #app(): Door {
    return this.#stage.appAt(this.#phase, this.#now)
  }

  #cookieFor({ serial }: DeviceCredential): HeldCookie | undefined {
    return this.#phase.phase.cookies && this.cookie?.serial === serial ? this.cookie : undefined
  }

  #keepCookie({ cookie }: Answer, { serial }: DeviceCredential): void {
    if (cookie !== undefined) this.cookie = { cookie, serial }
  }

  #ended(session: OpenSession, outcome: Observation['outcome'], at: Instant): Soon<void> {
    return this.#tell({ kind: 'session_ended', session, outcome }, at)
  }

  async #beAttacked(at: Instant, before: Soon<void>): Promise<void> {
    await before
    const { attacks } = this.#fate
    for (let next = attacks[this.#attacked]; next?.plan.at === at;) {
      this.#attacked += 1
      const scene = { stage: this.#stage, recorder: this.#recorder, phase: this.#phase, at }
      await beAttacked(this, next, scene)
      next = attacks[this.#attacked]
    }
  }

  #attempt(
    { serial }: DeviceCredential,
    intent: Intent,
    { protocol = 'https', connection = 'fresh', cookieSerial }: Manner,
  ): UnnumberedAttempt {
    const at = this.#now
    return { at, actor: this.profile.id, intent, protocol, serial, cookieSerial, connection }
  }

  #record(attempt: UnnumberedAttempt, observation: Observation): void {
    this.#recorder.attempt(attempt, this.#phase.phase.name, observation)
  }
}
