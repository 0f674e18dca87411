import { createBoundedMap } from '#shared/bounded-map.ts'
import { equalBytes, tailOf, type Bytes } from '#shared/bytes.ts'
import type { SessionClaims } from './claims.ts'
import type { KeyRing } from './key-ring.ts'

/** What a token is opened with. */
interface Opening {
  readonly token: string
  readonly audience: string
  readonly ring: KeyRing
}

/** Claims of tokens that were opened before, beside the very leaf that each is bound to. */
export interface OpenedTokens {
  /** @param leaf DER of the leaf that comes with the token now */
  find(opening: Opening, leaf: Bytes): SessionClaims | undefined
  /** @param leaf octets that nobody else can write to, of the hash that the claims name */
  keep(opening: Opening, leaf: Bytes, claims: SessionClaims): void
}

interface Entry extends Opening {
  readonly leaf: Bytes
  readonly claims: SessionClaims
}

/**
 * Devices that one isolate talks to within some minutes, as of verified paths. Octets: 4,000 leaves of
 * 700 octets with tokens of 500 characters; claims take about as much again.
 */
const bounds = { countMax: 4000, weightMax: 5 * 1024 * 1024 }

/**
 * A memo of what a session's token says and that it is bound to a leaf: functions of the token, the
 * audience, the keys and the leaf's octets, and of nothing else. All of these have to be the same,
 * compared whole; then neither is the token decrypted nor the leaf hashed once more.
 *
 * Why it turns no refusal into an acceptance: only what opened, and fitted its leaf, is kept; a token
 * that is changed by one character, for another host, under a ring without its key or beside another
 * certificate is opened as ever. The end of the session, trust, policy, epoch and revocation are asked
 * at each request, of the claims as of those just opened.
 */
export function createOpenedTokens(): OpenedTokens {
  const kept = createBoundedMap<number, Entry>(bounds)
  return {
    find(opening, leaf) {
      const entry = kept.get(tailOf(leaf))
      // The leaf first: whoever has its key may learn by the clock what its own token is.
      return entry !== undefined && equalBytes(entry.leaf, leaf) && isOf(entry, opening)
        ? entry.claims
        : undefined
    },
    keep(opening, leaf, claims) {
      const { token, audience, ring } = opening
      const weight = token.length + leaf.length
      kept.set(tailOf(leaf), { token, audience, ring, leaf, claims }, weight)
    },
  }
}

const isOf = (entry: Entry, { token, audience, ring }: Opening): boolean =>
  entry.token === token && entry.audience === audience && entry.ring === ring
