import { dayMs, hourMs, type Shown } from '../pki.ts'
import { tlsVersions, type Stage, type TlsVersion, type Wanted } from '../stage.ts'

/** A device comes, and keeps the session cookie that it is given. */
async function cookieOf(stage: Stage, tls: TlsVersion, shown: Shown): Promise<string> {
  const first = await stage.visit('owner', tls, shown)
  const cookie = first.cookie()
  await first.close()
  if (cookie === undefined) throw new Error('the gateway gives no session cookie')
  return cookie
}

/** C3: a cookie of before the revocation comes back behind it. */
export async function cookieOfRevoked(stage: Stage): Promise<void> {
  const { pki } = stage
  const owner = await pki.issue(-hourMs, dayMs)
  const cookies = []
  for (const tls of tlsVersions) cookies.push({ tls, cookie: await cookieOf(stage, tls, owner) })
  const fresh: Wanted = { subject: 'cookie', must: 'in', invariant: 'L1' }
  for (const { tls, cookie } of cookies) {
    await stage.knock(fresh, tls, owner, { headers: { cookie }, name: 'owner' })
  }
  pki.revoke(owner)
  await stage.publish('a list that names "owner"', { kind: 'lists', lists: await pki.lists() })
  const late: Wanted = { subject: 'cookie of a revoked', must: 'out', invariant: 'S5' }
  for (const { tls, cookie } of cookies) {
    await stage.knock(late, tls, owner, { headers: { cookie }, name: 'owner' })
  }
}

/** C4: a cookie is copied to a device that shows another certificate, which nobody trusts. */
export async function cookieCopied(stage: Stage): Promise<void> {
  const { pki } = stage
  const owner = await pki.issue(-hourMs, dayMs)
  const thief = await pki.issue(-hourMs, dayMs)
  const stranger = await pki.stranger()
  for (const tls of tlsVersions) {
    const headers = { cookie: await cookieOf(stage, tls, owner) }
    const copied: Wanted = { subject: 'copied cookie', must: 'out', invariant: 'S5' }
    await stage.knock(copied, tls, thief, { headers, name: 'thief' })
    await stage.knock(copied, tls, stranger, { headers, name: 'stranger' })
  }
}

/** C5: a cookie comes without any certificate. */
export async function cookieAlone(stage: Stage): Promise<void> {
  const owner = await stage.pki.issue(-hourMs, dayMs)
  for (const tls of tlsVersions) {
    const headers = { cookie: await cookieOf(stage, tls, owner) }
    const alone: Wanted = { subject: 'cookie alone', must: 'out', invariant: 'S5' }
    await stage.knock(alone, tls, undefined, { headers, name: 'thief' })
  }
}
