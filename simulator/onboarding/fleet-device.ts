import type { Bytes } from '#shared/bytes.ts'
import { utf8String } from '../ca/der.ts'
import {
  altNames,
  attribute,
  commonName,
  dns,
  nameOf,
  request,
  uri,
} from '../commands/onboard/corpus/maker.ts'
import type { DeviceProfile } from '../device/profile.ts'
import { chance, stream, type Random } from '../random.ts'
import type { Credential, Operation } from './door.ts'
import { worldKeys, type WorldKeys } from './keys.ts'

/** What a device of a scenario asks the EST server for, until it is answered. */
export interface FleetAsking {
  readonly operation: Operation
  readonly keyNumber: number
  /** DER; the very same octets at every try, so that they come to one certificate. */
  readonly request: Bytes
  /** What is presented in the handshake; undefined: no certificate. */
  readonly presented: Credential | undefined
  readonly authorization: string | undefined
}

/** What a device has on its flash beside its certificate. */
export interface FleetDevice {
  readonly profile: DeviceProfile
  readonly entry: 'factory' | 'claim'
  readonly random: Random
  /** Its factory's certificate, once it was shown. */
  idevid: Bytes | undefined
  /** Of its keys, the one in use; 0 before there is one. */
  keyNumber: number
  asking: FleetAsking | undefined
}

export function createFleetDevice(profile: DeviceProfile): FleetDevice {
  const random = stream(profile.seed, 'onboarding', profile.id)
  const { claimRatio = 0 } = profile.fleet.onboarding ?? {}
  const entry = chance(random, claimRatio) ? 'claim' : 'factory'
  return { profile, entry, random, idevid: undefined, keyNumber: 0, asking: undefined }
}

export const fleetKeys = ({ profile }: FleetDevice, keyNumber: number): WorldKeys =>
  worldKeys(profile.seed, 'device', profile.id, String(keyNumber))

/** A request with the names that the scenario's certificates bear, which its EST server grants. */
export function fleetRequest(device: FleetDevice, keyNumber: number): Bytes {
  const { id, kind } = device.profile
  return request(id, {
    keys: fleetKeys(device, keyNumber),
    subject: nameOf(attribute('2.5.4.10', utf8String('Sallyport Fleet')), commonName(id)),
    extensions: [altNames(uri(`${spiffeOf(kind)}/${id}`), dns(`${id}.${domain}`))],
  })
}

const domain = 'fleet.sallyport.example'
const spiffeOf = (kind: string): string => `spiffe://${domain}/${kind}`

/** `altNames` of the label that devices of a kind ask. */
export const grantedNames = (kind: string): readonly string[] => [
  `uri:${spiffeOf(kind)}/{device}`,
  `dns:{device}.${domain}`,
]
