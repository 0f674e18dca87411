import { shift } from '#shared/time.ts'
import { endOf, hourMs } from '../pki.ts'
import { tlsVersions, type Present, type Stage } from '../stage.ts'

/** C21: a certificate ends while its device holds a line and keeps a session. */
export async function expiredWhileConnected(stage: Stage): Promise<void> {
  const present = await enterShortLived(stage)
  for (const each of present) {
    await stage.knockEveryWay({ subject: 'expired', must: 'out', invariant: 'S2' }, each)
  }
}

/** How long a certificate lives that is to end: longer where the machine is too busy for that. */
const livesMs = [2000, 4000, 8000, 16_000]

/** Certificates end by the clocks of real servers, so this waits, no longer than it has to. */
async function enterShortLived(stage: Stage): Promise<readonly Present[]> {
  for (const lifeMs of livesMs) {
    const device = await stage.pki.issue(-hourMs, lifeMs)
    const present: Present[] = []
    for (const tls of tlsVersions) present.push(await stage.enter('short', tls, device))
    const end = endOf(device)
    const inTime = stage.pki.clock.now() < end
    // Its last second belongs to a certificate's validity (RFC 5280 4.1.2.5).
    if (inTime) await stage.waitUntil(shift(end, 1001))
    if (inTime) {
      stage.tell('the certificate of "short" has ended')
      return present
    }
    for (const { line } of present) await line.close()
  }
  throw new Error(
    'this machine is too busy: no device connected within the life of its certificate',
  )
}
