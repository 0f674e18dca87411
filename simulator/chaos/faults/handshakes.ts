import { dayMs, hourMs, type Shown } from '../pki.ts'
import { tlsVersions, type Stage, type Wanted } from '../stage.ts'

/** No fault: the good in every way they come, and everybody who must never be let in. */
export async function handshakes(stage: Stage): Promise<void> {
  const { pki } = stage
  const good = await pki.issue(-hourMs, dayMs)
  const others = await strangers(stage)
  for (const tls of tlsVersions) {
    const present = await stage.enter('good', tls, good)
    await stage.knockEveryWay({ subject: 'good', must: 'in', invariant: 'L1' }, present)
    for (const { wanted, shown } of others) await stage.knock(wanted, tls, shown)
  }
}

interface Stranger {
  readonly wanted: Wanted
  readonly shown: Shown | undefined
}

async function strangers(stage: Stage): Promise<readonly Stranger[]> {
  const { pki } = stage
  const revoked = await pki.issue(-hourMs, dayMs)
  pki.revoke(revoked)
  await stage.publish('a list that names "revoked"', { kind: 'lists', lists: await pki.lists() })
  return [
    out('none', undefined),
    out('revoked', revoked, 'S1'),
    out('expired', await pki.issue(-dayMs, -hourMs), 'S2'),
    out('not yet valid', await pki.issue(hourMs, dayMs)),
    out('unknown CA', await pki.stranger()),
    out('wrong EKU', await pki.forServers()),
  ]
}

function out(
  subject: string,
  shown: Shown | undefined,
  invariant: Wanted['invariant'] = 'S3',
): Stranger {
  return { wanted: { subject, must: 'out', invariant }, shown }
}
