import type { Claimant } from './registry.ts'

/** A claimant as a column keeps it: the same one has the same text. */
export function claimantText(claimant: Claimant): string {
  switch (claimant.kind) {
    case 'own_certificate':
      return 'own_certificate'
    case 'factory_certificate':
      return `factory_certificate ${claimant.leafSha256}`
    case 'claim':
      return `claim ${claimant.secretSha256}`
  }
}

/** The digest of the claim that a claimant's text names; undefined where it is another kind. */
export function claimOfText(text: string): string | undefined {
  const [kind, digest] = text.split(' ')
  return kind === 'claim' ? digest : undefined
}
