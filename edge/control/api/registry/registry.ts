import type { ControlPlane } from '../../control-plane.ts'
import type { Api } from '../env.ts'
import { addAuthorities } from './authorities.ts'
import { addClaims } from './claims.ts'
import { addDevices } from './devices.ts'
import { addTransfers } from './transfers.ts'

/** A thousand devices with two certificates each are some eight hundred kilobytes. */
export const importOctetsMax = 4 * 1024 * 1024

/** The device registry, where the control plane has one. */
export function addRegistry(api: Api, { registry }: ControlPlane): void {
  if (registry === undefined) return
  addDevices(api, registry)
  addClaims(api, registry)
  addAuthorities(api, registry)
  addTransfers(api, registry)
}
