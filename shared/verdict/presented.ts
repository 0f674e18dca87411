import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'

/**
 * What the TLS terminator says arrived, unverified. An adapter makes it and decides nothing.
 * `withheld` and `malformed` are refused by name: they never look like `none`. Octets are only read:
 * those of a header that comes again are the same ones.
 */
export type Presented =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'chain'
      /** DER, end entity. */
      readonly leaf: Bytes
      /** DER, any order, unverified; distractors are allowed. */
      readonly intermediates: readonly Bytes[]
      /** Evidence that no check of ours may overrule: the platform itself holds the leaf for revoked. */
      readonly platformSaysRevoked?: true
    }
  | { readonly kind: 'attested'; readonly fields: AttestedFields; readonly leaf: Bytes | undefined }
  | { readonly kind: 'withheld'; readonly what: 'leaf' | 'chain' }
  | { readonly kind: 'malformed'; readonly field: string; readonly expected: string }

/** What a platform that verified the certificate itself passes on in its place. */
export interface AttestedFields {
  /** Upper-case hexadecimal, whole bytes, no sign byte. */
  readonly serial: string
  /** RFC 2253 text, for people and logs: never a key to decide by. */
  readonly issuer: string
  readonly subject: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}
