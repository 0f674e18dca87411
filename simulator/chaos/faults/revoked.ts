import { dayMs, hourMs } from '../pki.ts'
import { tlsVersions, ways, type Present, type Stage, type Way } from '../stage.ts'

/**
 * C1 and C2: a device is revoked while it holds a line and keeps a session; the other stays healthy.
 * Cloudflare let such sessions resume (incident of 2022-12-16, CVE-2025-23419).
 *
 * @param by the ways in which they come back
 */
export async function revokedWhileConnected(
  stage: Stage,
  by: readonly Way[] = ways,
): Promise<void> {
  const { pki } = stage
  const lost = await pki.issue(-hourMs, dayMs)
  const kept = await pki.issue(-hourMs, dayMs)
  const lostOnes: Present[] = []
  const keptOnes: Present[] = []
  for (const tls of tlsVersions) {
    lostOnes.push(await stage.enter('lost', tls, lost))
    keptOnes.push(await stage.enter('kept', tls, kept))
  }
  pki.revoke(lost)
  await stage.publish('a list that names "lost"', { kind: 'lists', lists: await pki.lists() })
  for (const present of lostOnes) {
    await stage.knockEveryWay({ subject: 'revoked', must: 'out', invariant: 'S1' }, present, by)
  }
  for (const present of keptOnes) {
    await stage.knockEveryWay({ subject: 'good', must: 'in', invariant: 'L1' }, present, by)
  }
}
