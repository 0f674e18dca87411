import { shift, type Instant } from '#shared/time.ts'
import type { Authority, DeviceCredential } from '../ca/authority.ts'
import type { DeviceProfile } from '../device/profile.ts'
import type { DeviceState, OpenSession } from '../device/state.ts'
import { initialState, step, tell } from '../device/step.ts'
import type { Attempt, Intent, Observation } from '../oracle/attempt.ts'
import { stream, type Random } from '../random.ts'
import type { LifecycleEvent } from '../report/planned-events.ts'
import type { Answer, Door, HttpsLine, MqttLine } from './door.ts'

/** What one actor did at one instant: told to the world when the instant is over, in a fixed order. */
export interface Deeds {
  readonly attempts: { readonly attempt: UnnumberedAttempt; readonly observation: Observation }[]
  readonly events: { readonly event: string; readonly facts: Record<string, unknown> }[]
  readonly happened: LifecycleEvent[]
  /** Instants at which the actor wants to act again. */
  readonly wakes: Instant[]
}

/** An attempt before the world numbers it and says in which phase it was. */
export type UnnumberedAttempt = Omit<Attempt, 'id' | 'phase'>

export function noDeeds(): Deeds {
  return { attempts: [], events: [], happened: [], wakes: [] }
}

/** What the agent needs of the world around it. */
export interface Surroundings {
  readonly authority: Authority
  readonly door: Door
  /** Whether cookies are kept and sent in this phase. */
  readonly cookies: () => boolean
  readonly now: () => Instant
}

interface HeldSession {
  readonly effect: OpenSession
  readonly credential: DeviceCredential
  readonly line: HttpsLine | MqttLine
  ticksLeft: number
  nextTickAt: Instant
}

/** A cookie, and which certificate it was issued to. */
export interface HeldCookie {
  readonly cookie: string
  readonly serial: string
}

/** Lives one device's life: steps its state machine and does for real what that asks for. */
export class DeviceAgent {
  readonly profile: DeviceProfile
  credential: DeviceCredential | undefined
  cookie: HeldCookie | undefined
  #state: DeviceState
  readonly #random: Random
  readonly #around: Surroundings
  /** Sessions that stay open over ticks. A stolen key may hold one and try others beside it. */
  readonly #held = new Set<HeldSession>()
  #isBack = false

  constructor(profile: DeviceProfile, seed: number, around: Surroundings) {
    this.profile = profile
    this.#state = initialState(profile)
    this.#random = stream(seed, 'device', profile.id)
    this.#around = around
  }

  /** Whatever is due for this device now: the next tick of an open session, then its own step. */
  async act(at: Instant): Promise<Deeds> {
    const deeds = noDeeds()
    this.#noticeReturn(at, deeds)
    for (const held of this.#held) {
      if (held.nextTickAt === at) await this.#tickHeld(held, at, deeds)
    }
    await this.#carryOut(step(this.#state, at, this.#random, this.profile), at, deeds)
    return deeds
  }

  /** The owner, or a thief, is told that the certificate has been revoked. */
  async beRevoked(
    event: Omit<Extract<Parameters<typeof tell>[1], { kind: 'revoked' }>, 'kind'>,
    at: Instant,
  ): Promise<Deeds> {
    const deeds = noDeeds()
    const told = tell(this.#state, { kind: 'revoked', ...event }, at, this.#random, this.profile)
    await this.#carryOut(told, at, deeds)
    return deeds
  }

  /** One request beside the device's own life, such as an attack needs to have a cookie to copy. */
  async requestOnce(at: Instant, cookie: HeldCookie | undefined, intent: Intent): Promise<Deeds> {
    const deeds = noDeeds()
    const { credential } = this
    if (credential === undefined) return deeds
    const line = await this.#around.door.openHttps(credential)
    if (!line.ok) {
      deeds.attempts.push({ attempt: this.#attempt(at, credential, intent, cookie), observation: line.error })
      return deeds
    }
    const answer = await this.#request(line.value, cookie)
    deeds.attempts.push({ attempt: this.#attempt(at, credential, intent, cookie), observation: answer.observation })
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
    const { absence } = this.profile
    if (this.#isBack || absence === undefined || at < absence.until) return
    this.#isBack = true
    deeds.happened.push('returned')
  }

  async #carryOut([state, effects]: ReturnType<typeof step>, at: Instant, deeds: Deeds): Promise<void> {
    const before = this.#state
    this.#state = state
    for (const effect of effects) {
      switch (effect.kind) {
        case 'wake':
          deeds.wakes.push(effect.at)
          break
        case 'enroll':
        case 'renew':
          if (effect.kind === 'renew') deeds.happened.push('renewed')
          if (effect.kind === 'enroll' && before.kind === 'lapsed') deeds.happened.push('reenrolled')
          await this.#obtain(effect, at, deeds)
          break
        case 'open_session':
          await this.#openSession(effect, at, deeds)
          break
      }
    }
  }

  async #obtain(
    { kind, notBefore, notAfter }: { kind: 'enroll' | 'renew'; notBefore: Instant; notAfter: Instant },
    at: Instant,
    deeds: Deeds,
  ): Promise<void> {
    const { id, kind: deviceKind } = this.profile
    const issued = await this.#around.authority.issue({ device: id, kind: deviceKind, notBefore, notAfter, at })
    this.credential = issued
    // A cookie is bound to the certificate it was issued to: with a new one it is worth nothing.
    this.cookie = undefined
    deeds.events.push({ event: kind, facts: { device: id, serial: issued.serial } })
    const event = { kind: 'issued' as const, ...boundsOf(issued), serial: issued.serial }
    await this.#carryOut(tell(this.#state, event, at, this.#random, this.profile), at, deeds)
  }

  async #openSession(effect: OpenSession, at: Instant, deeds: Deeds): Promise<void> {
    const { credential } = this
    if (credential === undefined) throw new Error(`${this.profile.id} opens a session before it is enrolled`)
    const line =
      effect.protocol === 'mqtt'
        ? await this.#openMqtt(effect, credential, at, deeds)
        : await this.#openHttps(effect, credential, at, deeds)
    if (line === undefined) return this.#sessionEnded(effect, 'refused', at, deeds)
    const held = { effect, credential, line, ticksLeft: effect.ticks, nextTickAt: at }
    this.#held.add(held)
    await this.#tickHeld(held, at, deeds)
  }

  async #openHttps(
    effect: OpenSession,
    credential: DeviceCredential,
    at: Instant,
    deeds: Deeds,
  ): Promise<HttpsLine | undefined> {
    const line = await this.#around.door.openHttps(credential)
    if (line.ok) return line.value
    const attempt = this.#attempt(at, credential, intentOf(effect), undefined)
    deeds.attempts.push({ attempt, observation: line.error })
    return undefined
  }

  async #openMqtt(
    effect: OpenSession,
    credential: DeviceCredential,
    at: Instant,
    deeds: Deeds,
  ): Promise<MqttLine | undefined> {
    const opened = await this.#around.door.openMqtt(credential, this.profile.id)
    const attempt = this.#attempt(at, credential, intentOf(effect), undefined, 'mqtt')
    const observation = opened.ok ? opened.value.observation : opened.error
    deeds.attempts.push({ attempt, observation })
    return opened.ok ? opened.value.line : undefined
  }

  /** The requests or messages of one tick; the session goes on, or ends with its last outcome. */
  async #tickHeld(held: HeldSession, at: Instant, deeds: Deeds): Promise<void> {
    let outcome: Observation['outcome'] = 'accepted'
    for (let sent = 0; sent < held.effect.requests && outcome === 'accepted'; sent += 1) {
      const isFirst = sent === 0 && held.ticksLeft === held.effect.ticks
      outcome = await this.#send(held, at, isFirst, deeds)
    }
    held.ticksLeft -= 1
    if (outcome === 'accepted' && held.ticksLeft > 0) {
      held.nextTickAt = shift(at, this.profile.grid.tickMs)
      deeds.wakes.push(held.nextTickAt)
      return
    }
    this.#held.delete(held)
    await held.line.close()
    await this.#sessionEnded(held.effect, outcome, at, deeds)
  }

  async #send(held: HeldSession, at: Instant, isFirst: boolean, deeds: Deeds): Promise<Observation['outcome']> {
    const { line, credential, effect } = held
    const intent = intentOf(effect)
    if ('publish' in line) {
      const observation = await line.publish(`fleet/${this.profile.id}/telemetry`, '{"ok":true}')
      const attempt = this.#attempt(at, credential, intent, undefined, 'mqtt', 'held')
      deeds.attempts.push({ attempt, observation })
      return observation.outcome
    }
    const cookie = this.#around.cookies() ? this.cookie : undefined
    const answer = await this.#request(line, cookie)
    const connection = isFirst ? 'fresh' : 'held'
    const attempt = this.#attempt(at, credential, intent, cookie, 'https', connection)
    deeds.attempts.push({ attempt, observation: answer.observation })
    this.#keepCookie(answer, credential)
    return answer.observation.outcome
  }

  #request(line: HttpsLine, cookie: HeldCookie | undefined): Promise<Answer> {
    return line.request({
      method: 'POST',
      path: `/telemetry/${this.profile.kind}`,
      headers: {
        'content-type': 'application/json',
        ...(cookie === undefined ? {} : { cookie: cookie.cookie }),
      },
      body: '{"ok":true}',
    })
  }

  #keepCookie({ cookie }: Answer, { serial }: DeviceCredential): void {
    if (cookie !== undefined) this.cookie = { cookie, serial }
  }

  async #sessionEnded(
    session: OpenSession,
    outcome: Observation['outcome'],
    at: Instant,
    deeds: Deeds,
  ): Promise<void> {
    const event = { kind: 'session_ended' as const, session, outcome }
    await this.#carryOut(tell(this.#state, event, at, this.#random, this.profile), at, deeds)
  }

  #attempt(
    at: Instant,
    { serial }: DeviceCredential,
    intent: Intent,
    cookie: HeldCookie | undefined,
    protocol: Attempt['protocol'] = 'https',
    connection: Attempt['connection'] = 'fresh',
  ): UnnumberedAttempt {
    const actor = this.profile.id
    return { at, actor, intent, protocol, serial, cookieSerial: cookie?.serial, connection }
  }
}

function intentOf({ purpose }: OpenSession): Intent {
  return purpose === 'revoked_goes_on' ? 'revoked_goes_on' : 'regular'
}

function boundsOf({ notBefore, notAfter }: DeviceCredential) {
  return { notBefore, notAfter }
}
