import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { createCrl, entry } from '../crls.ts'
import type { Keys } from '../keys.ts'
import { createCa, issue, issueCa, type Entity } from '../pki.ts'
import { relyingParty, trust } from '../relying-party.ts'

/** How often each property is asked, and of which cases: the same ones in every run. */
export const runs = { seed: 20_260_615, numRuns: 150 }

/** The serial that the issuing CA's list of every world has revoked. */
export const revokedSerial = [0x66]

/** A root, an issuing CA below it and a device, with lists of both CAs that are current at noon. */
export interface World {
  readonly root: Entity
  readonly issuing: Entity
  readonly leaf: Entity
  readonly crls: readonly Bytes[]
}

export async function createWorld(keys?: Keys): Promise<World> {
  const own = keys === undefined ? {} : { keys }
  const root = await createCa(own)
  const issuing = await issueCa(root, { ...own, serial: [0x11] })
  const leaf = await issue(issuing, own)
  const crls = [
    await createCrl(root),
    await createCrl(issuing, { entries: [entry(revokedSerial)] }),
  ]
  return { root, issuing, leaf, crls }
}

/** A relying party at noon that trusts the world's root, has its lists and is as strict as can be. */
export async function strictParty(
  { root }: Pick<World, 'root'>,
  crls: readonly Bytes[],
  changes: Partial<Verification> = {},
): Promise<Verification> {
  const store = await trust({ anchors: [root], crls })
  return relyingParty(store, { policy: strictPolicy, ...changes })
}

export function decide(
  leaf: Bytes,
  intermediates: readonly Bytes[],
  party: Verification,
): Promise<Decision> {
  return verify({ kind: 'chain', leaf, intermediates }, party)
}

/** What a decision came to: 'accepted', or the code of the reason. */
export function codeOf(decision: Decision): string {
  return decision.outcome === 'accepted' ? 'accepted' : decision.rejection.code
}

/** The same octets but for one bit, counted from the highest of the first octet. */
export function flipped(octets: Bytes, bit: number): Bytes {
  const bent = octets.slice()
  bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
  return bent
}
