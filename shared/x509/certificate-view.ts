import type { Bytes } from '#shared/bytes.ts'
import { readerAt, tag } from '#shared/der/reader.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from './certificate.ts'
import { noExtensions } from './extensions.ts'

/** Where a part starts, until somebody asks for its view. */
type Part = number | Bytes

/** Of no certificate at any time. */
const unread = { notBefore: Number.POSITIVE_INFINITY as Instant, notAfter: 0 as Instant }

/**
 * A certificate as its parser fills it in: a view of a part is made when it is asked for, and stays the same
 * one, since names and keys are remembered by their views. A view costs as much as reading all that
 * lies between two of them (60 ns and 100 octets in Node 24), and an anchor is asked for two of seven.
 */
export class CertificateView implements Certificate {
  readonly der: Bytes
  version: Certificate['version'] = 1
  validity: Certificate['validity'] = unread
  extensions: Certificate['extensions'] = noExtensions
  /** Each was read there once, without a fault. */
  tbsPart: Part = 0
  serialPart: Part = 0
  signatureAlgorithmPart: Part = 0
  issuerPart: Part = 0
  subjectPart: Part = 0
  spkiPart: Part = 0
  signaturePart: Part = 0

  constructor(der: Bytes) {
    this.der = der
  }

  get tbs(): Bytes {
    return (this.tbsPart = this.#sequence(this.tbsPart))
  }

  get serial(): Bytes {
    if (typeof this.serialPart === 'number') {
      this.serialPart = readerAt(this.der, this.serialPart).integer('serialNumber')
    }
    return this.serialPart
  }

  get signatureAlgorithm(): Bytes {
    return (this.signatureAlgorithmPart = this.#sequence(this.signatureAlgorithmPart))
  }

  get issuer(): Bytes {
    return (this.issuerPart = this.#sequence(this.issuerPart))
  }

  get subject(): Bytes {
    return (this.subjectPart = this.#sequence(this.subjectPart))
  }

  get spki(): Bytes {
    return (this.spkiPart = this.#sequence(this.spkiPart))
  }

  get signature(): Bytes {
    if (typeof this.signaturePart === 'number') {
      this.signaturePart = readerAt(this.der, this.signaturePart).octetAlignedBits('signature')
    }
    return this.signaturePart
  }

  #sequence(part: Part): Bytes {
    if (typeof part !== 'number') return part
    return readerAt(this.der, part).element(tag.sequence, 'a part read before')
  }
}
