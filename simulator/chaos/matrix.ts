import type { Clock } from '#shared/time.ts'
import type { GatewaySetup } from '../gateways/gateway.ts'
import { expiredWhileConnected } from './faults/expired.ts'
import { handshakes } from './faults/handshakes.ts'
import { listDamaged, listEnds } from './faults/lists.ts'
import { revokedWhileConnected } from './faults/revoked.ts'
import { rehearse, type Act } from './rehearse.ts'
import type { Check } from './stage.ts'

/** What every gateway of the matrix is put through, in this order: the last may leave it dead. */
const acts: readonly Act[] = [
  { fault: 'handshakes', run: handshakes },
  { fault: 'expiry', run: expiredWhileConnected },
  { fault: 'revocation', run: revokedWhileConnected },
  { fault: 'stale list', run: listEnds },
  { fault: 'damaged list', run: listDamaged },
]

/** All that was asked of one gateway in one configuration. */
export interface SetupResult {
  readonly setup: GatewaySetup
  readonly checks: readonly Check[]
  /** Devices that did resume a session before anything happened to them: else "resumed" says nothing. */
  readonly resumptions: number
}

/**
 * Puts a gateway through the matrix. Rejects where it cannot be started, and where nobody was let in
 * at all: then nothing that was refused would mean anything.
 */
export async function runMatrix(setup: GatewaySetup, clock: Clock): Promise<SetupResult> {
  const checks = await rehearse(setup, acts, clock)
  const isHealthy = checks.some(({ subject, holds }) => subject === 'good' && holds)
  if (!isHealthy) throw new Error('it let nobody in: the matrix would say nothing')
  const resumptions = checks.filter(
    ({ way, outcome, subject }) => way === 'resumed' && subject === 'good' && outcome.resumed,
  ).length
  return { setup, checks, resumptions }
}
