import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import type { Authority, DeviceCredential } from '../ca/authority.ts'
import type { TakeCapacity } from '../device/capacity.ts'
import type { DeviceProfile } from '../device/profile.ts'
import type { DeviceEvent, DeviceState, OpenSession, Step } from '../device/state.ts'
import { initialState, step, tell } from '../device/step.ts'
import type { Intent, Observation } from '../oracle/attempt.ts'
import type { LifecycleEvent } from '../report/planned-events.ts'
import { stream, type Random } from '../random.ts'
import { noDeeds, type Deeds, type UnnumberedAttempt } from './deeds.ts'
import type { Answer, Door, HttpsLine, MqttLine } from './door.ts'

/** What an agent needs of the world around it. */
export interface Surroundings {
  readonly authority: Authority
  readonly door: Door
  /** Whether the CA has room for one more request. */
  readonly takeCapacity: TakeCapacity
  /** Whether cookies are kept and sent in this phase. */
  readonly cookies: () => boolean
  /** What time it really is: in real time, a little after the instant that was planned. */
  readonly now: () => Instant
}

/** A cookie, and which certificate it was issued to. */
export interface HeldCookie {
  readonly cookie: string
  readonly serial: string
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

  /** One request beside the device's own life, such as an attack needs to have a cookie to copy. */
  async requestOnce(cookie: HeldCookie | undefined, intent: Intent): Promise<Deeds> {
    const deeds = noDeeds()
    const { credential } = this
    if (credential === undefined) return deeds
    const attempt = this.#attempt(credential, intent, { cookieSerial: cookie?.serial })
    const line = await this.#around.door.openHttps(credential)
    if (!line.ok) {
      deeds.attempts.push({ attempt, observation: line.error })
      return deeds
    }
    const answer = await this.#request(line.value, cookie)
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
    if (!this.#isFromBefore() && !this.#around.takeCapacity(at)) {
      return this.#tell({ kind: 'turned_away' }, at, deeds)
    }
    deeds.happened.push(this.#obtained(kind))
    const issued = await this.#around.authority.issue({ device, kind: deviceKind, ...bounds, at })
    this.credential = issued
    // A cookie is bound to the certificate it was issued to: with a new one it is worth nothing.
    this.cookie = undefined
    const { serial, notBefore, notAfter } = issued
    deeds.events.push({ event: kind, facts: { device, serial } })
    await this.#tell({ kind: 'issued', serial, notBefore, notAfter }, at, deeds)
  }

  /** A fleet that is enrolled already got its first certificates before the run began. */
  #isFromBefore(): boolean {
    return this.credential === undefined && this.profile.fleet.enrollment === undefined
  }

  #obtained(kind: 'enroll' | 'renew'): LifecycleEvent {
    if (kind === 'renew') return 'renewed'
    return this.credential === undefined ? 'enrolled' : 'reenrolled'
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
    const opened = await this.#around.door.openMqtt(credential, this.profile.id)
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
      const observation = await line.publish(
        `fleet/${this.profile.id}/telemetry`,
        bodyOf(this.profile),
      )
      deeds.attempts.push({ attempt, observation })
      return observation.outcome
    }
    const cookie = this.#cookieFor(credential)
    const connection = isFirst ? (line.resumed ? 'resumed' : 'fresh') : 'held'
    const manner = { connection, cookieSerial: cookie?.serial } as const
    const attempt = this.#attempt(credential, intent, manner)
    const answer = await this.#request(line, cookie)
    deeds.attempts.push({ attempt, observation: answer.observation })
    this.#keepCookie(answer, credential)
    return answer.observation.outcome
  }

  #request(line: HttpsLine, cookie: HeldCookie | undefined): Promise<Answer> {
    const json = { 'content-type': 'application/json' }
    return line.request({
      method: 'POST',
      path: `/telemetry/${this.profile.kind}`,
      headers: cookie === undefined ? json : { ...json, cookie: cookie.cookie },
      body: bodyOf(this.profile),
    })
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

/** JSON of the fleet's size: blanks behind it are part of it (RFC 8259 section 2). */
export function bodyOf({ fleet }: DeviceProfile): string {
  const { bodyBytes } = fleet.traffic
  const least = '{"ok":true}'
  return (bodyBytes < least.length ? '{}' : least).padEnd(bodyBytes)
}

function intentOf({ purpose }: OpenSession): Intent {
  return purpose === 'revoked_goes_on' ? 'revoked_goes_on' : 'regular'
}
