import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import type { Authority, DeviceCredential } from '../ca/authority.ts'
import type { TakeCapacity } from '../device/capacity.ts'
import type { DeviceProfile } from '../device/profile.ts'
import type { DeviceEvent, DeviceState, OpenSession, Step } from '../device/state.ts'
import { initialState, step, tell } from '../device/step.ts'
import type { Intent, Observation } from '../oracle/attempt.ts'
import type { LifecycleEvent } from '../report/planned-events.ts'
import { stream, type Random } from '../random.ts'
import type { FleetOnboarding } from '../onboarding/fleet.ts'
import { noDeeds, type Deeds, type UnnumberedAttempt } from './deeds.ts'
import type { Answer, Door, HttpsLine, MqttLine } from './door.ts'
import { intentOf, postTelemetry, publishTelemetry, type HeldCookie } from './telemetry.ts'

/** What an agent needs of the world around it. */
export interface Surroundings {
  readonly authority: Authority
  readonly door: Door
  /** Whether the CA has room for one more request. */
  readonly takeCapacity: TakeCapacity
  /** Whether cookies are kept and sent in this phase. */
  readonly cookies: () => boolean
  /** Where certificates of fleets that onboard come from. */
  readonly onboarding?: FleetOnboarding | undefined
  /** What time it really is: in real time, a little after the instant that was planned. */
  readonly now: () => Instant
}

/** A TLS session to resume, and whose it is. */
interface HeldTicket {
  readonly session: Buffer
  readonly serial: string
  readonly at: Instant
}

/** A session that stays open over ticks. */
interface HeldSession {
  readonly effect: OpenSession
  readonly credential: DeviceCredential
  readonly line: HttpsLine | MqttLine
  ticksLeft: number
  nextTickAt: Instant
}

/** How an attempt was made, where it was not a plain request over a new connection. */
type Manner = Partial<Pick<UnnumberedAttempt, 'protocol' | 'connection' | 'cookieSerial'>>

/** Lives one device's life: steps its state machine and does for real what that asks for. */
export class DeviceAgent {
  readonly profile: DeviceProfile
  credential: DeviceCredential | undefined
  cookie: HeldCookie | undefined
  #state: DeviceState
  readonly #random: Random
  readonly #around: Surroundings
  /** A stolen key may hold one session and try others beside it. */
  readonly #held = new Set<HeldSession>()
  #returns = 0
  #wasWiped = false
  #ticket: HeldTicket | undefined

  constructor(profile: DeviceProfile, seed: number, around: Surroundings) {
    this.profile = profile
    this.#state = initialState(profile)
    this.#random = stream(seed, 'device', profile.id)
    this.#around = around
  }

  /** When the device wants to be woken; undefined where it waits to be told. */
  get wakeAt(): Instant | undefined {
    return this.#state.wakeAt
  }

  /** Where it stands, by name. */
  get standing(): DeviceState['kind'] {
    return this.#state.kind
  }

  /** Whatever is due for this device now: the next tick of its open sessions, then its own step. */
  async act(at: Instant): Promise<Deeds> {
    const deeds = noDeeds()
    this.#noticeReturn(at, deeds)
    for (const held of this.#held) {
      if (held.nextTickAt === at) await this.#tick(held, at, deeds)
    }
    await this.#carryOut(step(this.#state, at, this.#random, this.profile), at, deeds)
    return deeds
  }

  /** The owner, or a thief, is told that the certificate has been revoked. */
  async beRevoked(
    event: Omit<Extract<DeviceEvent, { kind: 'revoked' }>, 'kind'>,
    at: Instant,
  ): Promise<Deeds> {
    const deeds = noDeeds()
    await this.#tell({ kind: 'revoked', ...event }, at, deeds)
    return deeds
  }

  /** Its flash is wiped: it has nothing left but what the factory burnt in, and begins again. */
  async beWiped(at: Instant): Promise<Deeds> {
    const deeds = noDeeds()
    if (this.credential === undefined || this.standing === 'revoked') return deeds
    await this.hangUp()
    this.credential = undefined
    this.cookie = undefined
    this.#ticket = undefined
    this.#wasWiped = true
    this.#around.onboarding?.wipe(this.profile.id)
    deeds.happened.push('wiped')
    deeds.events.push({ event: 'wiped', facts: { device: this.profile.id } })
    await this.#tell({ kind: 'wiped' }, at, deeds)
    return deeds
  }

  /** Somebody hostile asks for a certificate by what this device has; nothing where it has nothing. */
  async beImitated(): Promise<Deeds> {
    const deeds = noDeeds()
    const { credential } = this
    const { onboarding } = this.#around
    if (onboarding === undefined || credential === undefined || this.standing === 'revoked') {
      return deeds
    }
    const { name, codes, refusedBy } = await onboarding.imitate(this.profile, credential)
    deeds.happened.push('hostile_requests')
    deeds.events.push({ event: 'hostile_request', facts: { device: this.profile.id, name } })
    const attempt = this.#asking('hostile_request', codes)
    const common = { latencyMs: 0 }
    const observation: Observation =
      refusedBy === undefined
        ? { ...common, outcome: 'accepted', identitySerial: undefined, session: 'none' }
        : { ...common, outcome: 'refused', code: refusedBy }
    deeds.attempts.push({ attempt, observation })
    return deeds
  }

  /** One request beside the device's own life, such as an attack needs to have a cookie to copy. */
  async requestOnce(
    cookie: HeldCookie | undefined,
    intent: Intent,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Deeds> {
    const deeds = noDeeds()
    const { credential } = this
    if (credential === undefined) return deeds
    const attempt = this.#attempt(credential, intent, { cookieSerial: cookie?.serial })
    const line = await this.#around.door.openHttps(credential)
    if (!line.ok) {
      deeds.attempts.push({ attempt, observation: line.error })
      return deeds
    }
    const answer = await postTelemetry(line.value, this.profile, cookie, headers)
    deeds.attempts.push({ attempt, observation: answer.observation })
    if (intent === 'regular') this.#keepCookie(answer, credential)
    await line.value.close()
    return deeds
  }

  /** Ends every open session, at a redeployment or at the end of the run. */
  async hangUp(): Promise<void> {
    const open = [...this.#held]
    this.#held.clear()
    await Promise.all(open.map(({ line }) => line.close()))
  }

  #noticeReturn(at: Instant, deeds: Deeds): void {
    const next = this.profile.absences[this.#returns]
    if (next === undefined || at < next.until) return
    this.#returns += 1
    deeds.happened.push('returned')
    const since = isoFromInstant(next.from)
    deeds.events.push({ event: 'returned', facts: { device: this.profile.id, since } })
  }

  #tell(event: DeviceEvent, at: Instant, deeds: Deeds): Promise<void> {
    return this.#carryOut(tell(this.#state, event, at, this.#random, this.profile), at, deeds)
  }

  async #carryOut([state, effects]: Step, at: Instant, deeds: Deeds): Promise<void> {
    this.#state = state
    for (const effect of effects) {
      switch (effect.kind) {
        case 'wake':
          deeds.wakes.push(effect.at)
          break
        case 'enroll':
          await this.#obtain(effect, at, deeds)
          break
        case 'renew':
          await this.#obtain(effect, at, deeds)
          break
        case 'issuance_failed':
          deeds.happened.push('issuance_failed')
          deeds.events.push({ event: 'issuance_failed', facts: { device: this.profile.id } })
          break
        case 'open_session':
          await this.#openSession(effect, at, deeds)
          break
      }
    }
  }

  async #obtain(
    { kind, ...bounds }: { kind: 'enroll' | 'renew'; notBefore: Instant; notAfter: Instant },
    at: Instant,
    deeds: Deeds,
  ): Promise<void> {
    const { id: device, kind: deviceKind } = this.profile
    if (!this.#isFromBefore() && !this.#onboards() && !this.#around.takeCapacity(at)) {
      return this.#tell({ kind: 'turned_away' }, at, deeds)
    }
    const issued = await this.#issued({ device, kind: deviceKind, ...bounds, at }, deeds)
    if (issued === undefined) return this.#tell({ kind: 'turned_away' }, at, deeds)
    deeds.happened.push(this.#obtained(kind))
    this.credential = issued
    // A cookie is bound to the certificate it was issued to: with a new one it is worth nothing.
    this.cookie = undefined
    const { serial, notBefore, notAfter } = issued
    deeds.events.push({ event: kind, facts: { device, serial } })
    await this.#tell({ kind: 'issued', serial, notBefore, notAfter }, at, deeds)
  }

  /** Straight from the CA, or from the edge's EST server; undefined where it is to ask again later. */
  async #issued(
    order: Parameters<Authority['issue']>[0],
    deeds: Deeds,
  ): Promise<DeviceCredential | undefined> {
    const { authority, onboarding } = this.#around
    if (!this.#onboards() || onboarding === undefined) return authority.issue(order)
    // One that has ended renews itself there, for a time: only who has none begins again.
    const held = this.credential
    const came = await onboarding.obtain(this.profile, held)
    if (came.kind === 'issued') return came.credential
    if (came.kind === 'refused') {
      const observation = { outcome: 'refused', code: came.code, latencyMs: 0 } as const
      const attempt = { ...this.#asking('enrolment'), renews: held?.serial }
      deeds.attempts.push({ attempt, observation })
    }
    return undefined
  }

  /** A question to the EST server, as the oracle judges it. */
  #asking(intent: 'enrolment' | 'hostile_request', codes?: readonly string[]): UnnumberedAttempt {
    const of = { at: this.#around.now(), actor: this.profile.id, intent }
    const manner = { protocol: 'https', connection: 'fresh' } as const
    const attempt = { ...of, ...manner, serial: undefined, cookieSerial: undefined }
    return codes === undefined ? attempt : { ...attempt, codes }
  }

  #onboards(): boolean {
    return this.profile.fleet.onboarding !== undefined
  }

  /** A fleet that is enrolled already got its first certificates before the run began. */
  #isFromBefore(): boolean {
    return this.credential === undefined && this.profile.fleet.enrollment === undefined
  }

  #obtained(kind: 'enroll' | 'renew'): LifecycleEvent {
    if (kind === 'renew') return 'renewed'
    return this.credential === undefined && !this.#wasWiped ? 'enrolled' : 'reenrolled'
  }

  async #openSession(effect: OpenSession, at: Instant, deeds: Deeds): Promise<void> {
    const { credential } = this
    if (credential === undefined) {
      throw new Error(`${this.profile.id} opens a session before it is enrolled`)
    }
    const line =
      effect.protocol === 'mqtt'
        ? await this.#openMqtt(effect, credential, deeds)
        : await this.#openHttps(effect, credential, deeds)
    if (line === undefined) return this.#ended(effect, 'refused', at, deeds)
    const held = { effect, credential, line, ticksLeft: effect.ticks, nextTickAt: at }
    this.#held.add(held)
    return this.#tick(held, at, deeds)
  }

  async #openHttps(
    effect: OpenSession,
    credential: DeviceCredential,
    deeds: Deeds,
  ): Promise<HttpsLine | undefined> {
    const attempt = this.#attempt(credential, intentOf(effect), {})
    const line = await this.#around.door.openHttps(credential, this.#sessionOf(credential))
    if (line.ok) return line.value
    deeds.attempts.push({ attempt, observation: line.error })
    return undefined
  }

  /** A ticket is resumed while it is young, and with the certificate that it was got with. */
  #sessionOf({ serial }: DeviceCredential): Buffer | undefined {
    const ticket = this.#ticket
    if (ticket === undefined || ticket.serial !== serial) return undefined
    const ageMs = this.#around.now() - ticket.at
    return ageMs <= this.profile.fleet.traffic.ticketMs ? ticket.session : undefined
  }

  /** Who is refused on a resumed session comes with a full handshake next time. */
  #keepTicket(
    line: HttpsLine,
    { serial }: DeviceCredential,
    outcome: Observation['outcome'],
  ): void {
    if (this.profile.fleet.traffic.ticketMs === 0) return
    const session = line.resumed && outcome === 'refused' ? undefined : line.session()
    this.#ticket = session && { session, serial, at: this.#around.now() }
  }

  /** Opening is an attempt of its own: the upgrade is decided before the first message. */
  async #openMqtt(
    effect: OpenSession,
    credential: DeviceCredential,
    deeds: Deeds,
  ): Promise<MqttLine | undefined> {
    const attempt = this.#attempt(credential, intentOf(effect), { protocol: 'mqtt' })
    const opened = await this.#around.door.openMqtt(
      credential,
      this.profile.id,
      this.profile.fleet.mqtt,
    )
    const observation = opened.ok ? opened.value.observation : opened.error
    deeds.attempts.push({ attempt, observation })
    return opened.ok ? opened.value.line : undefined
  }

  /** The requests or messages of one tick; the session goes on, or ends with its last outcome. */
  async #tick(held: HeldSession, at: Instant, deeds: Deeds): Promise<void> {
    let outcome: Observation['outcome'] = 'accepted'
    for (let sent = 0; sent < held.effect.requests && outcome === 'accepted'; sent += 1) {
      const isFirst = sent === 0 && held.ticksLeft === held.effect.ticks
      outcome = await this.#send(held, isFirst, deeds)
    }
    held.ticksLeft -= 1
    if (outcome === 'accepted' && held.ticksLeft > 0) {
      held.nextTickAt = shift(at, this.profile.grid.tickMs)
      deeds.wakes.push(held.nextTickAt)
      return
    }
    this.#held.delete(held)
    if (!('publish' in held.line)) this.#keepTicket(held.line, held.credential, outcome)
    await held.line.close()
    await this.#ended(held.effect, outcome, at, deeds)
  }

  async #send(
    { line, credential, effect }: HeldSession,
    isFirst: boolean,
    deeds: Deeds,
  ): Promise<Observation['outcome']> {
    const intent = intentOf(effect)
    if ('publish' in line) {
      const manner = { protocol: 'mqtt', connection: 'held' } as const
      const attempt = this.#attempt(credential, intent, manner)
      const observation = await publishTelemetry(line, this.profile)
      deeds.attempts.push({ attempt, observation })
      return observation.outcome
    }
    const cookie = this.#cookieFor(credential)
    const connection = isFirst ? (line.resumed ? 'resumed' : 'fresh') : 'held'
    const manner = { connection, cookieSerial: cookie?.serial } as const
    const attempt = this.#attempt(credential, intent, manner)
    const answer = await postTelemetry(line, this.profile, cookie)
    deeds.attempts.push({ attempt, observation: answer.observation })
    this.#keepCookie(answer, credential)
    return answer.observation.outcome
  }

  /** A session that was opened before a renewal goes on with the old certificate, and its cookies. */
  #cookieFor({ serial }: DeviceCredential): HeldCookie | undefined {
    return this.#around.cookies() && this.cookie?.serial === serial ? this.cookie : undefined
  }

  #keepCookie({ cookie }: Answer, { serial }: DeviceCredential): void {
    if (cookie !== undefined) this.cookie = { cookie, serial }
  }

  #ended(
    session: OpenSession,
    outcome: Observation['outcome'],
    at: Instant,
    deeds: Deeds,
  ): Promise<void> {
    return this.#tell({ kind: 'session_ended', session, outcome }, at, deeds)
  }

  #attempt(
    { serial }: DeviceCredential,
    intent: Intent,
    { protocol = 'https', connection = 'fresh', cookieSerial }: Manner,
  ): UnnumberedAttempt {
    const at = this.#around.now()
    return { at, actor: this.profile.id, intent, protocol, serial, cookieSerial, connection }
  }
}
