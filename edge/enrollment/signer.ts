import type { Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'

/** A CA that signs: the one port to a key in a secret, to a step-ca, to another EST server. */
export interface Signer {
  /** What `cacerts` hands out, DER each: the issuing CA first; at a rollover the old and the new root. */
  caCertificates(): Promise<Result<readonly Bytes[], SignerFailure>>
  /** Asked again with the same order it may sign again: with the same serial where it takes one. */
  sign(order: SigningOrder): Promise<Result<Bytes, SignerFailure>>
}

/**
 * What the registry agreed to. What a CA signs otherwise is refused instead of handed out: other names, a
 * later end. (It may end earlier: a CA elsewhere has limits of its own.)
 */
export interface SigningOrder {
  /** DER of the certification request, its signature verified. */
  readonly request: Bytes
  /** DER of the Name to be certified. */
  readonly subject: Bytes
  /** DER of the GeneralNames to be certified; undefined: none. */
  readonly subjectAltName: Bytes | undefined
  /**
   * 16 octets, positive, drawn by the registry before anything is signed. CAs elsewhere draw their own,
   * which the registry takes over.
   */
  readonly serial: Bytes
  /** From now on: an order that waited for its CA is asked again with later dates. */
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** The longest life, `notAfter` less `notBefore`, that the device's profile lets a certificate have. */
  readonly lifetimeMaxMs: number
}

export interface SignerFailure {
  /** `unavailable`: try again later. `refused`: this request will never be signed. */
  readonly kind: 'unavailable' | 'refused'
  readonly because: string
}
