import type { Claimant, EnrolmentAttempt } from './registry.ts'

/** A claimant as a column keeps it: the same one has the same text. */
export function claimantText(claimant: Claimant): string {
  switch (claimant.kind) {
    case 'own_certificate':
      return `own_certificate ${claimant.issuerKeyId} ${claimant.serial}`
    case 'factory_certificate':
      return `factory_certificate ${claimant.leafSha256}`
    case 'claim':
      return `claim ${claimant.secretSha256}`
  }
}

/**
 * What makes an attempt the same one as before: its octets, and who vouches for it. Ed25519 and RSA sign
 * alike each time, so that a device's request for its next certificate may be that for its last one,
 * octet for octet; what it shows beside it is another then.
 */
export const requestKey = ({
  requestSha256,
  claimant,
}: Pick<EnrolmentAttempt, 'requestSha256' | 'claimant'>): string =>
  `${requestSha256} ${claimantText(claimant)}`

/** The digest of the request that a key begins with, hex. */
export const requestOfKey = (key: string): string => key.slice(0, sha256HexLength)

const sha256HexLength = 64

/** The digest of the claim that a claimant's text names; undefined where it is another kind. */
export function claimOfText(text: string): string | undefined {
  const [kind, digest] = text.split(' ')
  return kind === 'claim' ? digest : undefined
}
