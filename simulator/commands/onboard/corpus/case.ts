import type { CheckCode } from '#shared/enrollment/catalogue.ts'
import type { ProfileName } from '#shared/enrollment/profile.ts'
import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Item } from '../item.ts'
import type { Issuer } from './maker.ts'

/** What cases share: when it is, and who issues. */
export interface CorpusWorld {
  readonly now: Instant
  readonly root: Issuer
  readonly issuing: Issuer
  /** Certificates of the two. */
  readonly rootDer: Bytes
  readonly issuingDer: Bytes
}

/** One request, certificate or chain, and what is wrong with it. */
export interface CorpusCase {
  /** The file's name without its suffix, and the device's. */
  readonly name: string
  readonly profile: ProfileName
  readonly kind: Item['kind']
  /** The codes that it is to be found by, all of them; none where it is good. */
  readonly expects: readonly CheckCode[]
  readonly about: string
  /** DER; of a chain each certificate, the device's first. */
  readonly make: (world: CorpusWorld, name: string) => readonly Bytes[]
}
