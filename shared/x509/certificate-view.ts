import type { Bytes } from '#shared/bytes.ts'
import { readerAt, tag } from '#shared/der/reader.ts'
import type { Certificate } from './certificate.ts'

/** Where the parts of a certificate start in its DER. Each was read there once, without a fault. */
export interface CertificateOffsets {
  readonly tbs: number
  readonly serial: number
  readonly signatureAlgorithm: number
  readonly issuer: number
  readonly subject: number
  readonly spki: number
  readonly signature: number
}

type Fields = Pick<Certificate, 'version' | 'validity' | 'extensions'>

/**
 * A certificate as it was read: a view of a part is made when it is asked for, and stays the same
 * one, since names and keys are remembered by their views. A view costs as much as reading all that
 * lies between two of them (60 ns and 100 octets in Node 24), and an anchor is asked for two of seven.
 */
export class CertificateView implements Certificate {
  readonly der: Bytes
  readonly version: Certificate['version']
  readonly validity: Certificate['validity']
  readonly extensions: Certificate['extensions']
  readonly #at: CertificateOffsets
  #tbs: Bytes | undefined = undefined
  #serial: Bytes | undefined = undefined
  #signatureAlgorithm: Bytes | undefined = undefined
  #issuer: Bytes | undefined = undefined
  #subject: Bytes | undefined = undefined
  #spki: Bytes | undefined = undefined
  #signature: Bytes | undefined = undefined

  constructor(der: Bytes, { version, validity, extensions }: Fields, at: CertificateOffsets) {
    this.der = der
    this.version = version
    this.validity = validity
    this.extensions = extensions
    this.#at = at
  }

  get tbs(): Bytes {
    return (this.#tbs ??= this.#sequenceAt(this.#at.tbs))
  }

  get serial(): Bytes {
    return (this.#serial ??= readerAt(this.der, this.#at.serial).integer('serialNumber'))
  }

  get signatureAlgorithm(): Bytes {
    return (this.#signatureAlgorithm ??= this.#sequenceAt(this.#at.signatureAlgorithm))
  }

  get issuer(): Bytes {
    return (this.#issuer ??= this.#sequenceAt(this.#at.issuer))
  }

  get subject(): Bytes {
    return (this.#subject ??= this.#sequenceAt(this.#at.subject))
  }

  get spki(): Bytes {
    return (this.#spki ??= this.#sequenceAt(this.#at.spki))
  }

  get signature(): Bytes {
    return (this.#signature ??= readerAt(this.der, this.#at.signature).octetAlignedBits(
      'signature',
    ))
  }

  #sequenceAt(at: number): Bytes {
    return readerAt(this.der, at).element(tag.sequence, 'a part read before')
  }
}
