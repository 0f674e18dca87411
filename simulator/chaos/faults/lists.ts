import { toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { createCrl, type CrlFields } from '../../ca/crl.ts'
import { createHierarchy } from '../../ca/hierarchy.ts'
import type { PublishedList } from '../../gateways/gateway.ts'
import { dayMs, hourMs, type ChaosPki, type Shown } from '../pki.ts'
import { tlsVersions, type InvariantId, type Must, type Stage } from '../stage.ts'

/** What an object store or a proxy answers in place of a list. */
const errorPage = toUtf8('<html><body>503 Service Unavailable</body></html>\n')

/** A device that a list names, and one that none names. */
interface Pair {
  readonly lost: Shown
  readonly kept: Shown
}

/** Both, with the list that names the first in force. */
async function pairOf(stage: Stage): Promise<Pair> {
  const { pki } = stage
  const lost = await pki.issue(-hourMs, dayMs)
  const kept = await pki.issue(-hourMs, dayMs)
  pki.revoke(lost)
  await stage.publish('a list that names "lost"', { kind: 'lists', lists: await pki.lists() })
  // Seen to be in force: who reads lists as they are asked for would else never have had this one.
  const revoked = { subject: 'revoked', must: 'out', invariant: 'S1' } as const
  await stage.knock(revoked, 'TLSv1.3', lost, { name: 'lost' })
  return { lost, kept }
}

/** The revoked stay out whatever happens, and the healthy in, by the promise that is named. */
async function knockBoth(
  stage: Stage,
  { lost, kept }: Pair,
  healthy: { readonly must?: Must; readonly invariant?: InvariantId } = {},
): Promise<void> {
  const { must = 'in', invariant = 'L1' } = healthy
  for (const tls of tlsVersions) {
    const revoked = { subject: 'revoked', must: 'out', invariant: 'S1' } as const
    await stage.knock(revoked, tls, lost, { name: 'lost' })
    await stage.knock({ subject: 'good', must, invariant }, tls, kept, { name: 'kept' })
  }
}

/** C6: the publisher is late: every list has ended an hour ago, and nobody was revoked since. */
export async function listEnds(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const lists = await stage.pki.lists('ended')
  await stage.publish('lists whose nextUpdate is past', { kind: 'lists', lists })
  await knockBoth(stage, pair, { invariant: 'L4' })
}

/** C7: an error page in place of the list. */
export async function listDamaged(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const name = `${stage.pki.issuing.name}.crl`
  const damaged = { kind: 'damaged', name, octets: errorPage } as const
  await stage.publish('an error page in place of the list', damaged)
  await knockBoth(stage, pair)
}

/** C8: the list is not there any more: never an empty list. */
export async function listMissing(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const name = `${stage.pki.issuing.name}.crl`
  await stage.publish('the list is taken away', { kind: 'missing', name })
  await knockBoth(stage, pair)
}

/** C9: the list of before the revocation, signed as it was: from a cache, a backup, an attacker. */
export async function listRolledBack(stage: Stage): Promise<void> {
  const before = await stage.pki.lists()
  const pair = await pairOf(stage)
  await stage.publish('the lists of before the revocation', { kind: 'lists', lists: before })
  await knockBoth(stage, pair)
}

/** C10: the CA is restored from an old backup: its numbers begin again, and it knows no revocation. */
export async function numbersRestart(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const lists = await withList(stage.pki, { number: 1, entries: [] })
  await stage.publish('a list of number 1 that names nobody', { kind: 'lists', lists })
  await knockBoth(stage, pair)
}

/** C11: two lists of one instant: the higher number counts, whichever is read first. */
export async function listsOfOneInstant(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const { pki } = stage
  const at = shift(pki.clock.now(), -60_000)
  const older = await withList(pki, { number: 900, entries: [], at })
  const entries = pki.authority.state.revoked.get(pki.issuing.name) ?? []
  const newer = await withList(pki, { number: 901, entries, at })
  const second = newer.filter(isOf(pki)).map(({ der }) => ({ name: 'issuing-1-newer.crl', der }))
  const lists = [...older, ...second]
  await stage.publish('two lists of one instant, the older one first', { kind: 'lists', lists })
  await knockBoth(stage, pair)
}

/**
 * C16: an empty list is published by mistake: new, in force, signed by its issuer. The one before
 * names some devices, as a fleet's does: of few entries any list may lose all, as they end.
 */
export async function listEmptied(stage: Stage): Promise<void> {
  const { pki } = stage
  for (let nth = 0; nth < othersRevoked; nth += 1) pki.revoke(await pki.issue(-hourMs, dayMs))
  const pair = await pairOf(stage)
  const lists = await withList(pki, { number: 800, entries: [] })
  await stage.publish('an empty list', { kind: 'lists', lists })
  await knockBoth(stage, pair)
}

const othersRevoked = 20

/** C17: a list of the right issuer's name that another key has signed. */
export async function listForged(stage: Stage): Promise<void> {
  const pair = await pairOf(stage)
  const { authority } = stage.pki
  const rogue = await createHierarchy(authority.state.options, authority.state.hierarchy)
  const [issuer] = rogue.intermediates
  const lists = await withList(stage.pki, { number: 850, entries: [] }, issuer)
  await stage.publish('an empty list that another key has signed', { kind: 'lists', lists })
  await knockBoth(stage, pair)
}

/** C18: the root revokes the authority below it, and with it all of its devices. */
export async function intermediateRevoked(stage: Stage): Promise<void> {
  const { pki } = stage
  const device = await pki.issue(-hourMs, dayMs)
  const present = []
  for (const tls of tlsVersions) present.push(await stage.enter('device', tls, device))
  pki.revokeIssuing()
  const lists = await pki.lists()
  await stage.publish("a list of the root's that names the issuing CA", { kind: 'lists', lists })
  for (const each of present) {
    await stage.knockEveryWay({ subject: 'of a revoked CA', must: 'out', invariant: 'S1' }, each)
  }
}

const isOf =
  ({ issuing }: ChaosPki) =>
  ({ name }: PublishedList): boolean =>
    name === `${issuing.name}.crl`

/** The lists as they would be now, with the devices' own of these fields in its place. */
async function withList(
  pki: ChaosPki,
  fields: Pick<CrlFields, 'number' | 'entries'> & Partial<Pick<CrlFields, 'at'>>,
  issuer = pki.issuing,
): Promise<readonly PublishedList[]> {
  const at = fields.at ?? shift(pki.clock.now(), -60_000)
  const der = createCrl(issuer, { ...fields, at, nextUpdateMs: 30 * dayMs })
  const lists = await pki.lists()
  return lists.map((list) => (isOf(pki)(list) ? { name: list.name, der } : list))
}
