import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { shift, type Clock, type Instant } from '#shared/time.ts'
import { request } from '../commands/onboard/corpus/maker.ts'
import type { Agenda } from '../engine/agenda.ts'
import { between, chance, type Random } from '../random.ts'
import { factoryCertificate, sha256, type WorldCa } from './authorities.ts'
import {
  estPath,
  type Answer,
  type Credential,
  type Door,
  type Operation,
  type Question,
} from './door.ts'
import { worldKeys, type WorldKeys } from './keys.ts'
import type { Ledger } from './ledger.ts'
import { dayMs, hourMs, type EventKind, type Plan } from './plan.ts'
import { renewalToken } from './token.ts'

/** One device of the rehearsal: what it would have on its flash. */
export interface Device {
  readonly name: string
  readonly entry: 'factory' | 'claim'
  readonly stay: 'stays' | 'away' | 'lapses'
  readonly random: Random
  /** Its factory's certificate, once it was shown: it was made when the device was. */
  idevid: Bytes | undefined
  /** Of its keys, the one in use. */
  keyNumber: number
  held: Held | undefined
  /** What it asks for at the moment. */
  asking: Asking | undefined
}

interface Held {
  readonly der: Bytes
  readonly keyNumber: number
}

/** What a device shows to be believed. */
type Shown = 'factory' | 'claim' | 'certificate' | 'token'

interface Asking {
  readonly operation: Operation
  readonly shown: Shown
  readonly token: string | undefined
  readonly keyNumber: number
  readonly request: Bytes
  readonly event: EventKind
  readonly attempt: number
  /** Answers that brought its certificate and never came. */
  readonly lost: number
}

/** What a device does next. */
export type Deed =
  | { readonly kind: 'enroll' | 'renew' | 'return' | 'wipe' }
  | { readonly kind: 'retry'; readonly asking: Asking }

/** What is due for a device: by itself, or by somebody hostile who knows of it. */
export type Due = Deed | { readonly kind: 'imitated' }

/** What devices live in. */
export interface Surroundings {
  readonly plan: Plan
  readonly start: Instant
  readonly clock: Clock
  readonly door: Door
  readonly factory: WorldCa
  readonly ledger: Ledger
  readonly agenda: Agenda<{ readonly device: Device; readonly due: Due }>
  /** An operator makes a claim for the device of this name. */
  readonly claimFor: (device: string) => Promise<string>
}

/** Carries out what is due for a device now. */
export async function live(device: Device, due: Deed, world: Surroundings): Promise<void> {
  switch (due.kind) {
    case 'enroll':
      return enroll(
        device,
        `enrolled_by_${device.entry === 'factory' ? 'factory_certificate' : 'claim'}`,
        world,
      )
    case 'renew':
      // Wiped meanwhile, or asking already.
      if (device.held === undefined || device.asking !== undefined) return
      return renew(device, world)
    case 'return':
      return comeBack(device, world)
    case 'wipe':
      device.held = undefined
      device.keyNumber += 1
      world.ledger.excuse(device.name)
      return enroll(device, 'wiped_and_enrolled_again', world)
    case 'retry':
      // What it asked for is no longer what it wants.
      if (device.asking !== due.asking) return
      return ask(device, due.asking, world)
  }
}

async function enroll(device: Device, event: EventKind, world: Surroundings): Promise<void> {
  const shown = device.entry
  const token = shown === 'claim' ? await world.claimFor(device.name) : undefined
  await begin(
    device,
    { operation: 'simpleenroll', shown, token, event, keyNumber: device.keyNumber },
    world,
  )
}

async function renew(device: Device, world: Surroundings): Promise<void> {
  const isNewKey = chance(device.random, world.plan.rates.rekey)
  const keyNumber = device.keyNumber + (isNewKey ? 1 : 0)
  const event = isNewKey ? 'renewed_new_key' : 'renewed_same_key'
  await begin(
    device,
    { operation: 'simplereenroll', shown: 'certificate', token: undefined, event, keyNumber },
    world,
  )
}

/** After weeks, with a certificate that has expired (facts, section 2.3). */
async function comeBack(device: Device, world: Surroundings): Promise<void> {
  const shown = chance(device.random, 0.5) ? 'certificate' : 'token'
  const event =
    device.stay === 'lapses'
      ? 'lapsed_and_enrolled_again'
      : (`renewed_after_expiry_by_${shown === 'token' ? 'token' : 'handshake'}` as const)
  const { keyNumber } = device
  await begin(
    device,
    { operation: 'simplereenroll', shown, token: undefined, event, keyNumber },
    world,
  )
}

async function begin(
  device: Device,
  wanted: Omit<Asking, 'request' | 'attempt' | 'lost'> & Partial<Pick<Asking, 'lost'>>,
  world: Surroundings,
): Promise<void> {
  const der = request(device.name, { keys: keysOf(device, wanted.keyNumber, world) })
  const asking = { lost: 0, ...wanted, request: der, attempt: 0 }
  device.asking = asking
  await ask(device, asking, world)
}

const keysOf = ({ name }: Device, keyNumber: number, { plan }: Surroundings): WorldKeys =>
  worldKeys(plan.seed, 'device', name, String(keyNumber))

async function ask(device: Device, asking: Asking, world: Surroundings): Promise<void> {
  const { rates } = world.plan
  const { random } = device
  // Drawn before anything is asked: what two crossing requests come to moves no later draw.
  const isCrossed = chance(random, rates.crossed)
  const isDuplicate = chance(random, rates.duplicate)
  const isLost = chance(random, rates.lostAnswer)
  const all = isCrossed
    ? await askCrossing(device, asking, world)
    : await askInTurn(device, isDuplicate ? [asking, asking] : [asking], world)
  if (isCrossed) world.ledger.happened('crossed')
  else if (isDuplicate) world.ledger.happened('duplicate')
  return settle(device, all, isLost, world)
}

interface Settled {
  readonly asking: Asking
  readonly answer: Answer
}

async function askInTurn(
  device: Device,
  all: readonly Asking[],
  world: Surroundings,
): Promise<readonly Settled[]> {
  const settled: Settled[] = []
  for (const asking of all) {
    settled.push({ asking, answer: await world.door.ask(questionOf(device, asking, world)) })
  }
  return settled
}

/** A client that did not wait: a request, another one of the same key, and the first again, all at once. */
function askCrossing(
  device: Device,
  asking: Asking,
  world: Surroundings,
): Promise<readonly Settled[]> {
  const keys = keysOf(device, asking.keyNumber, world)
  const sibling = { ...asking, request: request(device.name, { keys }) }
  return Promise.all(
    [asking, sibling, asking].map(async (each) => ({
      asking: each,
      answer: await world.door.ask(questionOf(device, each, world)),
    })),
  )
}

function questionOf(device: Device, asking: Asking, world: Surroundings): Question {
  const { operation, request: der, shown, token } = asking
  const question = { operation, request: der, presented: undefined, authorization: undefined }
  switch (shown) {
    case 'claim':
      return { ...question, authorization: `Bearer ${token ?? ''}` }
    case 'factory':
      return { ...question, presented: factoryCredential(device, world) }
    case 'certificate':
      return { ...question, presented: ownCredential(device, world) }
    case 'token': {
      const own = ownCredential(device, world)
      const proved = {
        url: `https://localhost${estPath}/${operation}`,
        requestSha256: sha256(der),
        now: world.clock.now(),
      }
      return { ...question, authorization: `Bearer ${renewalToken(own.keys(), own.der, proved)}` }
    }
  }
}

export function factoryCredential(
  device: Device,
  { plan, factory, start }: Surroundings,
): Credential {
  const { name } = device
  device.idevid ??= factoryCertificate(plan, factory, { device: name, now: start })
  return { der: device.idevid, keys: () => worldKeys(plan.seed, 'factory', name) }
}

/** Throws an Error where the device has none. */
export function ownCredential(device: Device, world: Surroundings): Credential {
  const { held } = device
  if (held === undefined) throw new Error(`${device.name} has no certificate`)
  return { der: held.der, keys: () => keysOf(device, held.keyNumber, world) }
}

/** Of several answers a device takes the last certificate, the newest; without one it asks again later. */
async function settle(
  device: Device,
  all: readonly Settled[],
  isLost: boolean,
  world: Surroundings,
): Promise<void> {
  const taken: Settled[] = []
  let newest: Bytes | undefined
  for (const each of all) {
    const der = each.answer.status === 200 ? certificateIn(each.answer) : undefined
    if (der !== undefined && handOut(device, each.asking, der, world)) {
      taken.push(each)
      newest = der
    }
  }
  const last = taken.at(-1)
  if (newest === undefined || last === undefined) return goOn(device, all, world)
  for (const each of all) {
    if (!isExplained(each.answer)) complain(device, each, world)
  }
  const { lost } = last.asking
  if (!isLost || lost === world.plan.lostInARow) return install(device, last.asking, newest, world)
  world.ledger.happened('answer_lost')
  return retry(device, { ...last.asking, lost: lost + 1 }, 0, world)
}

/** Beside a certificate: of two requests of one key that cross, the first may be over with the second. */
const isExplained = (answer: Answer): boolean =>
  [200, 202, 503].includes(answer.status) || codeOf(answer) === 'request_ended'

function certificateIn({ text }: Answer): Bytes | undefined {
  const octets = fromBase64(text)
  const read = octets === undefined ? undefined : readCertsOnly(octets)
  return read?.ok === true && read.value.length === 1 ? read.value[0]?.slice() : undefined
}

function handOut(device: Device, asking: Asking, der: Bytes, world: Surroundings): boolean {
  const facts = world.ledger.handedOut({
    device: device.name,
    operation: asking.operation,
    requestSha256: sha256(asking.request),
    keySha256: sha256(keysOf(device, asking.keyNumber, world).spki),
    certificateSha256: sha256(der),
    at: world.clock.now(),
  })
  return facts !== undefined
}

/** No certificate yet: later, anew, or, for one that was away for too long, from the beginning. */
async function goOn(device: Device, all: readonly Settled[], world: Surroundings): Promise<void> {
  const waiting = all.findLast(({ answer }) => answer.status === 202)
  if (waiting !== undefined) world.ledger.happened('told_later')
  const again = waiting ?? all.findLast(({ answer }) => answer.status === 503)
  if (again !== undefined) return retry(device, again.asking, again.answer.retryAfterMs, world)
  const [first] = all
  if (first === undefined) return
  const { asking, answer } = first
  if (asking.event === 'lapsed_and_enrolled_again' && codeOf(answer) === 'certificate_lapsed') {
    device.held = undefined
    device.keyNumber += 1
    return enroll(device, asking.event, world)
  }
  // Another request of this key took its place: a client makes a new one.
  if (codeOf(answer) === 'request_ended') return begin(device, asking, world)
  complain(device, first, world)
}

/** The word before the colon of a refusal (RFC 8951 section 5: an error is text). */
export const codeOf = ({ text }: Answer): string => text.slice(0, Math.max(0, text.indexOf(':')))

function complain(device: Device, { asking, answer }: Settled, { ledger }: Surroundings): void {
  device.asking = undefined
  const detail = `${asking.operation} by ${asking.shown} answered ${answer.status} ${answer.text.slice(0, 200).trim()}`
  ledger.violation({ rule: 'good_request_served', device: device.name, detail })
}

/** Full jitter (facts, section 6): anywhere between nothing and a bound that doubles. */
function retry(
  device: Device,
  asking: Asking,
  afterMs: number,
  { plan, clock, agenda }: Surroundings,
): void {
  const { baseMs, maxMs } = plan.backOff
  const boundMs = Math.min(maxMs, baseMs * 2 ** Math.min(asking.attempt, 30))
  const next = { ...asking, attempt: asking.attempt + 1 }
  device.asking = next
  const at = shift(clock.now(), Math.ceil(afterMs + between(device.random, 0, boundMs)))
  agenda.add(at, { device, due: { kind: 'retry', asking: next } })
}

function install(device: Device, asking: Asking, der: Bytes, world: Surroundings): void {
  const { clock, ledger, plan, start } = world
  const now = clock.now()
  ledger.happened(asking.event)
  const isFirst = device.held === undefined && asking.event.startsWith('enrolled')
  device.held = { der, keyNumber: asking.keyNumber }
  device.keyNumber = asking.keyNumber
  device.asking = undefined
  const watchedUntil = shift(start, plan.watchMs)
  if (device.stay === 'stays') {
    ledger.serves(device.name, now, shift(now, plan.validityMs))
    ledger.expectService(device.name, watchedUntil)
    const life = plan.renewAt + between(device.random, 0, plan.jitter)
    const at = shift(now, Math.floor(life * plan.validityMs))
    if (at < watchedUntil) world.agenda.add(at, { device, due: { kind: 'renew' } })
  }
  if (isFirst) planOnce(device, now, world)
}

/** What happens once in a device's life, from its first certificate on. */
function planOnce(device: Device, now: Instant, { plan, agenda }: Surroundings): void {
  const { random, stay } = device
  const add = (afterMs: number, kind: 'return' | 'wipe' | 'imitated'): void =>
    agenda.add(shift(now, Math.floor(afterMs)), { device, due: { kind } })
  if (stay === 'away') add(between(random, 14 * dayMs, 28 * dayMs), 'return')
  if (stay === 'lapses') add(between(random, 40 * dayMs, 60 * dayMs), 'return')
  if (stay === 'stays' && chance(random, plan.rates.wipe))
    add(between(random, 0, 4 * hourMs), 'wipe')
  if (chance(random, plan.rates.hostile)) add(between(random, 0, 4 * hourMs), 'imitated')
}
