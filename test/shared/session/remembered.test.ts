import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { createOpenedTokens, type OpenedTokens } from '#shared/session/opened-tokens.ts'
import { openSession, sealSession, sessionTtlMaxMs } from '#shared/session/session.ts'
import { shift, type Instant } from '#shared/time.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { createCrl, entry } from '../crls.ts'
import { createCa, issue, issueCa, noon, type Entity } from '../pki.ts'
import { relyingParty, trust } from '../relying-party.ts'
import { nonces, ringOf } from './rings.ts'

const root = await createCa()
const issuing = await issueCa(root, { serial: [0x11] })
const leaf = await issue(issuing, { serial: [0x2a] })
const sibling = await issue(issuing, { serial: [0x77] })
const renewed = await issue(issuing, { serial: [0x2b], keys: leaf.keys })

interface Party {
  readonly epoch?: number
  readonly revoked?: readonly number[]
  readonly also?: readonly Entity[]
}

async function party({ epoch = 1, revoked, also = [] }: Party = {}): Promise<Verification> {
  const entries = revoked === undefined ? [] : [entry(revoked)]
  const crls = [await createCrl(root), await createCrl(issuing, { entries, number: epoch })]
  const store = await trust({ anchors: [root, ...also], crls, epoch })
  const under = relyingParty(store, { policy: strictPolicy })
  // Whose lists they are is known once somebody has come.
  await verify(chainOf(sibling), under)
  return under
}

const chainOf = ({ der }: Entity) =>
  ({ kind: 'chain', leaf: der, intermediates: [issuing.der] }) as const

const host = 'fleet.example.org'
const ring = await ringOf('b', 'a')
const options = { ring, audience: host, ttlMs: sessionTtlMaxMs, random: nonces() }
const here = await party()

async function sealed(under: Verification): Promise<string> {
  const decision = await verify(chainOf(leaf), under)
  if (decision.outcome === 'refused' || decision.basis.kind !== 'path') throw new Error('refused')
  return sealSession(decision.basis.path, under, options)
}

const token = await sealed(here)

/** A memo that knows the token, its host, its ring and its leaf. */
async function warm() {
  const opened = createOpenedTokens()
  for (let times = 0; times < 2; times += 1) {
    const verdict = await openSession(token, leaf.der, here, { ...options, opened })
    expect(verdict).toEqual({ verdict: 'resumed' })
  }
  return opened
}

const laxer = { ...strictPolicy, expired: { word: 'allow' } } as const
const other = await createCa()
const rotated = await ringOf('c')

interface Row {
  readonly name: string
  readonly verdict: string
  readonly at?: Instant
  readonly of?: Party
  readonly policy?: VerificationPolicy
  readonly der?: Bytes
  readonly given?: string
  readonly changes?: Partial<typeof options>
}

const rows: readonly Row[] = [
  { name: 'nothing', verdict: 'resumed' },
  { name: 'its last millisecond', at: shift(noon, sessionTtlMaxMs), verdict: 'resumed' },
  { name: 'it has ended', at: shift(noon, sessionTtlMaxMs + 1), verdict: 'reverify' },
  { name: 'the leaf is revoked', of: { epoch: 2, revoked: [0x2a] }, verdict: 'refused' },
  { name: 'another is revoked', of: { epoch: 2, revoked: [0x2b] }, verdict: 'resumed' },
  { name: 'an anchor more', of: { also: [other] }, verdict: 'reverify' },
  { name: 'an older epoch', of: { epoch: 0 }, verdict: 'reverify' },
  { name: 'another policy', policy: laxer, verdict: 'reverify' },
  { name: 'a renewed leaf', der: renewed.der, verdict: 'refused' },
  { name: 'another host', changes: { audience: 'other.example.org' }, verdict: 'reverify' },
  { name: 'its key has left the ring', changes: { ring: rotated }, verdict: 'reverify' },
  { name: 'another token', given: `${token.slice(0, -1)}!`, verdict: 'reverify' },
]

/** None may come to another verdict for having been opened before. */
test.each(rows)('$name: $verdict, opened before or not', async (row) => {
  const under = {
    ...(await party(row.of)),
    now: row.at ?? noon,
    policy: row.policy ?? strictPolicy,
  }
  const asked = (opened?: OpenedTokens) =>
    openSession(row.given ?? token, row.der ?? leaf.der, under, {
      ...options,
      ...row.changes,
      opened,
    })
  const verdict = await asked()
  expect(verdict.verdict).toBe(row.verdict)
  expect(await asked(await warm())).toEqual(verdict)
})

test('octets that are written to while the token is opened are not what is remembered', async () => {
  const opened = createOpenedTokens()
  const lent = leaf.der.slice()
  const asked = openSession(token, lent, here, { ...options, opened })
  lent.set(renewed.der.subarray(0, lent.length))
  await asked
  const opening = { token, audience: host, ring }
  expect(opened.find(opening, lent)).toBeUndefined()
})
