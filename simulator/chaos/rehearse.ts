import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shift, type Clock } from '#shared/time.ts'
import { createServerCredential } from '../ca/server-credential.ts'
import type { GatewaySetup } from '../gateways/gateway.ts'
import { createChaosPki, dayMs } from './pki.ts'
import { createStage, type Check, type Stage } from './stage.ts'

/** Something that is done to a gateway, and judged. */
export interface Act {
  /** What its checks are counted under: `C7`. */
  readonly fault: string
  readonly run: (stage: Stage) => Promise<void>
}

/** Starts a gateway in a world of its own and plays the acts before it, one after another. */
export async function rehearse(
  setup: GatewaySetup,
  acts: readonly Act[],
  clock: Clock,
  seed = 1,
): Promise<readonly Check[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'))
  const clean = (): void => rmSync(folder, { recursive: true, force: true })
  // An interrupted run leaves nothing behind either.
  process.once('exit', clean)
  const now = clock.now()
  const server = await createServerCredential({
    notBefore: shift(now, -dayMs),
    notAfter: shift(now, dayMs),
  })
  const pki = await createChaosPki(clock, seed)
  const { anchorsPem, intermediatesPem } = pki.authority
  const lists = await pki.lists()
  try {
    const gateway = await setup.start({ folder, server, anchorsPem, intermediatesPem, lists })
    try {
      const checks: Check[] = []
      for (const { fault, run } of acts) {
        const stage = createStage({ setup, gateway, pki, serverCaPem: server.caPem, clock, fault })
        await run(stage)
        checks.push(...stage.checks)
      }
      return checks
    } finally {
      await gateway.stop()
    }
  } finally {
    process.removeListener('exit', clean)
    clean()
  }
}
