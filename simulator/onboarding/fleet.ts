import { equalBytes, fromBase64, toBase64 } from '#shared/bytes.ts'
import type { Clock } from '#shared/time.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { issuerOf, type Authority, type DeviceCredential } from '../ca/authority.ts'
import { serialText } from '../ca/identifiers.ts'
import type { Ledger } from '../ca/ledger.ts'
import { planFleet, type DeviceProfile } from '../device/profile.ts'
import type { DeviceRequest } from '../engine/client/device-connection.ts'
import type { DeviceCredential as ShownCredential } from '../engine/client/tls-connection.ts'
import { chance } from '../random.ts'
import { edgeTime } from '../scenario/edge-faults.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { caUrl, createWorldCa, factoryCertificate, type WorldCa } from './authorities.ts'
import { estPath, type Answer, type Credential, type Question } from './door.ts'
import { openRegistry } from './edge.ts'
import { createFleetCa } from './fleet-ca.ts'
import {
  createFleetDevice,
  fleetKeys,
  fleetRequest,
  grantedNames,
  type FleetAsking,
  type FleetDevice,
} from './fleet-device.ts'
import { hostileActs } from './hostile.ts'
import { worldKeys } from './keys.ts'
import { codeOf } from './life.ts'
import { claimFor, registerFactory } from './rehearse.ts'

/** One request to the edge by a device that shows this in the handshake, and the answer as it stands. */
export type Exchange = (
  shown: ShownCredential | undefined,
  request: DeviceRequest,
) => Promise<Response>

/** What a device got that asked for a certificate. */
export type Onboarded =
  | { readonly kind: 'issued'; readonly credential: DeviceCredential }
  /** Told to ask again: the CA behind the edge is away, or busy. */
  | { readonly kind: 'later' }
  /** By this code; a good request never is. */
  | { readonly kind: 'refused'; readonly code: string }

/** What somebody hostile sent, and what it came to. */
export interface Imitation {
  readonly name: string
  /** Of which the refusal has to bear one. */
  readonly codes: readonly string[]
  /** The code of the refusal; undefined where there was none. */
  readonly refusedBy: string | undefined
}

/** How the devices of a scenario come to their certificates, where these are the edge's EST server's. */
export interface FleetOnboarding {
  /** @param held what the device has: it renews that; undefined: it has none, or begins again */
  obtain(profile: DeviceProfile, held: DeviceCredential | undefined): Promise<Onboarded>
  /** The device has lost all that it had but its factory's certificate. */
  wipe(device: string): void
  /** The owner tells the registry as well. */
  revoke(device: string): Promise<void>
  /** Somebody sends the next of all hostile requests in this device's name, or by what it has. */
  imitate(profile: DeviceProfile, held: DeviceCredential): Promise<Imitation>
}

/** The edge's side of it: what the gateway is configured and opened with. */
export interface FleetEdge {
  readonly variables: Readonly<Record<string, string>>
  readonly openEnrolment: () => {
    readonly registry: ReturnType<typeof openRegistry>['registry']
    readonly askCa: (request: Request) => Promise<Response>
    readonly report: (sentence: string) => void
  }
  /** The devices' side, once the edge is there. */
  through(exchange: Exchange): FleetOnboarding
  close(): void
}

export interface FleetEdgeOptions {
  readonly scenario: Scenario
  readonly authority: Authority
  readonly ledger: Ledger
  readonly clock: Clock
}

/** Everything that a world is lived in whose devices get their certificates by EST. */
interface World extends FleetEdgeOptions {
  readonly factory: WorldCa
  readonly registry: ReturnType<typeof openRegistry>['registry']
  readonly exchange: Exchange
  readonly devices: ReadonlyMap<string, FleetDevice>
}

/** Opens a registry with the factory's CA in it, and the CA behind it. Close it in the end. */
export async function openFleetEdge(options: FleetEdgeOptions): Promise<FleetEdge> {
  const { scenario, authority, clock } = options
  const { seed, time } = scenario
  const profiles = new Map(
    planFleet(scenario)
      .filter(({ fleet }) => fleet.onboarding !== undefined)
      .map((profile) => [profile.id, profile]),
  )
  const factory = createWorldCa(seed, 'factory', time.start)
  const toldAt = edgeTime(scenario)
  const edgeClock = { now: () => toldAt(clock.now()) }
  const opened = openRegistry({ plan: { seed }, clock: edgeClock })
  const { registry } = opened
  await registerFactory(registry, { seed }, factory, time.start)
  const askCa = createFleetCa({ ...options, profiles })
  const devices = new Map(
    [...profiles].map(([id, profile]) => [id, createFleetDevice(profile)] as const),
  )
  return {
    variables: variablesOf(scenario, authority, factory),
    // Refusals are judged one by one: a line for each says nothing more.
    openEnrolment: () => ({ registry, askCa, report: () => undefined }),
    through: (exchange) => onboardingOf({ ...options, factory, registry, exchange, devices }),
    close: () => opened.close(),
  }
}

function variablesOf(scenario: Scenario, authority: Authority, factory: WorldCa) {
  const certificates = authority.intermediatesPem + authority.anchorsPem
  const onboarding = scenario.fleets.filter((fleet) => fleet.onboarding !== undefined)
  const label = ({ kind, certificate }: Scenario['fleets'][number]) => [
    kind,
    {
      ca: 'fleet',
      factories: factory.pem,
      factoryCrlAbsent: 'accept',
      altNames: grantedNames(kind),
      validity: `${Math.ceil(certificate.validityMs / 1000)}s`,
    },
  ]
  const settings = {
    cas: { fleet: { kind: 'est', url: caUrl, user: 'edge', certificates } },
    labels: Object.fromEntries(onboarding.map(label)),
  }
  return {
    ENROLLMENT: JSON.stringify(settings),
    ENROLLMENT_KEYS: JSON.stringify({ fleet: 'fleet' }),
  }
}

function onboardingOf(world: World): FleetOnboarding {
  const acts = hostileActs(world.clock.now(), world.factory)
  let turn = 0
  return {
    async obtain(profile, held) {
      const device = deviceOf(world, profile.id)
      const first = await askOnce(world, device, held)
      // Away for too long to renew: it begins again, as one that has nothing.
      const isLapsed = first.kind === 'refused' && first.code === 'certificate_lapsed'
      return isLapsed ? askOnce(world, device, undefined) : first
    },
    wipe(name) {
      const device = deviceOf(world, name)
      device.asking = undefined
    },
    async revoke(name) {
      if (!world.devices.has(name)) return
      const told = await world.registry.setStatus(name, 'revoked', 'operator', 'revoked')
      if (!told.ok) throw new Error(`the registry does not revoke ${name}: ${told.error.because}`)
    },
    async imitate(profile, held) {
      const device = deviceOf(world, profile.id)
      const make = acts[turn % acts.length]
      if (make === undefined) throw new RangeError('there is nothing hostile to send')
      turn += 1
      const own = ownCredential(device, held)
      const { name, question, codes } = await make({
        seed: world.scenario.seed,
        device: profile.id,
        now: world.clock.now(),
        factory: world.factory,
        own,
        ownKeys: own.keys,
        factoryCredential: () => idevidOf(world, device),
        claimFor: (whose) => claimFor(world.registry, whose),
      })
      const answer = await send(world, profile.kind, question)
      return { name, codes, refusedBy: answer.status < 400 ? undefined : codeOf(answer) }
    },
  }
}

function deviceOf({ devices }: World, name: string): FleetDevice {
  const device = devices.get(name)
  if (device === undefined) throw new Error(`${name} is of no fleet that onboards`)
  return device
}

/** The same request until it is answered; another where something else is wanted by now. */
async function askOnce(
  world: World,
  device: FleetDevice,
  held: DeviceCredential | undefined,
): Promise<Onboarded> {
  const operation = held === undefined ? 'simpleenroll' : 'simplereenroll'
  if (device.asking?.operation !== operation) device.asking = await newAsking(world, device, held)
  const { asking } = device
  const answer = await send(world, device.profile.kind, asking)
  if (answer.status === 202 || answer.status === 503) return { kind: 'later' }
  device.asking = undefined
  if (answer.status !== 200) return { kind: 'refused', code: codeOf(answer) }
  device.keyNumber = asking.keyNumber
  return { kind: 'issued', credential: received(world, device, answer) }
}

async function newAsking(
  world: World,
  device: FleetDevice,
  held: DeviceCredential | undefined,
): Promise<FleetAsking> {
  const { rekeyRatio = 0 } = device.profile.fleet.onboarding ?? {}
  if (held !== undefined) {
    const keyNumber = device.keyNumber + (chance(device.random, rekeyRatio) ? 1 : 0)
    return {
      operation: 'simplereenroll',
      keyNumber,
      request: fleetRequest(device, keyNumber),
      presented: ownCredential(device, held),
      authorization: undefined,
    }
  }
  const keyNumber = device.keyNumber + 1
  const isClaim = device.entry === 'claim'
  return {
    operation: 'simpleenroll',
    keyNumber,
    request: fleetRequest(device, keyNumber),
    presented: isClaim ? undefined : idevidOf(world, device),
    authorization: isClaim
      ? `Bearer ${await claimFor(world.registry, device.profile.id)}`
      : undefined,
  }
}

const ownCredential = (device: FleetDevice, { leafDer }: DeviceCredential): Credential => {
  const { keyNumber } = device
  return { der: leafDer, keys: () => fleetKeys(device, keyNumber) }
}

function idevidOf({ scenario, factory }: World, device: FleetDevice): Credential {
  const { seed, time } = scenario
  const { id } = device.profile
  device.idevid ??= factoryCertificate({ seed }, factory, { device: id, now: time.start })
  return { der: device.idevid, keys: () => worldKeys(seed, 'factory', id) }
}

async function send(
  { exchange }: World,
  label: string,
  { operation, request, presented, authorization }: Question,
): Promise<Answer> {
  const response = await exchange(presented && shownOf(presented), {
    method: 'POST',
    path: `${estPath}/${label}/${operation}`,
    headers: {
      'content-type': 'application/pkcs10',
      ...(authorization !== undefined && { authorization }),
    },
    body: toBase64(request),
  })
  return { status: response.status, text: await response.text(), retryAfterMs: 0 }
}

function shownOf({ der, keys }: Credential): ShownCredential {
  return {
    get keyPem() {
      return keys().pem
    },
    chainPem: encodePem('CERTIFICATE', der),
  }
}

/**
 * What came, held against the CA's own word: a certificate that it never signed for this device and
 * this key is no case for counting, and ends the run.
 */
function received(world: World, device: FleetDevice, { text }: Answer): DeviceCredential {
  const { id } = device.profile
  const octets = fromBase64(text)
  const read = octets === undefined ? undefined : readCertsOnly(octets)
  const der = read?.ok === true ? read.value[0]?.slice() : undefined
  const parsed = der === undefined ? undefined : parseCertificate(der)
  if (der === undefined || parsed?.ok !== true) throw new Error(`${id} got no certificate`)
  const { serial: octetsOfSerial, spki, validity } = parsed.value
  const serial = serialText(octetsOfSerial)
  const signed = world.ledger.certificate(serial)
  if (signed?.device !== id)
    throw new Error(`${id} got ${serial}, which its CA never signed for it`)
  const key = fleetKeys(device, device.keyNumber)
  if (!equalBytes(spki, key.spki)) throw new Error(`${id} got ${serial}, which is for another key`)
  const issuer = issuerOf(world.authority.state.hierarchy, id)
  return {
    serial,
    issuer: signed.issuer,
    get keyPem() {
      return key.pem
    },
    get chainPem() {
      return encodePem('CERTIFICATE', der) + encodePem('CERTIFICATE', issuer.der)
    },
    leafDer: der,
    intermediateDer: issuer.der,
    ...validity,
  }
}
