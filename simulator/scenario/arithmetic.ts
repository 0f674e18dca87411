import type { Fleet } from './scenario.ts'

/*
 * What follows from a fleet's numbers alone, before anything is run: N devices whose certificates
 * live for T and are renewed at the elapsed fraction r, give or take j.
 */

/** How long the CA may be gone before the first certificate ends: (1 - r - j) T. Milliseconds. */
export function safeOutageMs({ certificate }: Pick<Fleet, 'certificate'>): number {
  const { validityMs, renewAtRatio, renewJitterRatio } = certificate
  return (1 - renewAtRatio - renewJitterRatio) * validityMs
}

/** Renewals a second in the steady state: N / (r T). */
export function renewalsPerSecond(fleet: Fleet): number {
  return (fleet.count / renewalEveryMs(fleet)) * 1000
}

/** Devices whose renewal falls due while the CA is gone for so long: N min(1, D / (r T)). */
export function overdueAfter(fleet: Fleet, outageMs: number): number {
  return fleet.count * Math.min(1, outageMs / renewalEveryMs(fleet))
}

/** Devices whose certificate ends while the CA is gone: N (D - (1 - r) T) / (r T), between none and all. */
export function expiredAfter(fleet: Fleet, outageMs: number): number {
  const { validityMs, renewAtRatio } = fleet.certificate
  const beyondMs = outageMs - (1 - renewAtRatio) * validityMs
  return fleet.count * Math.min(1, Math.max(0, beyondMs / renewalEveryMs(fleet)))
}

/** Connections a second while all are online: N over the mean distance. */
export function connectsPerSecond({ count, traffic }: Fleet): number {
  return (count / traffic.everyMs) * 1000
}

function renewalEveryMs({ certificate }: Fleet): number {
  return certificate.validityMs * certificate.renewAtRatio
}
