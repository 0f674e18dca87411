import type { Bytes } from '#shared/bytes.ts'
import { contentAt, lengthAt } from '#shared/der/element.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from './certificate.ts'
import { noExtensions } from './extensions.ts'

/** Where a part starts, until somebody asks for its view. */
type Part = number | Bytes

/** X.690 8.6.2.2: the first octet of a BIT STRING tells how many bits of the last one are unused. */
const unusedBitsOctets = 1

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
    return (this.tbsPart = this.#whole(this.tbsPart))
  }

  get serial(): Bytes {
    return (this.serialPart = this.#content(this.serialPart, 0))
  }

  get signatureAlgorithm(): Bytes {
    return (this.signatureAlgorithmPart = this.#whole(this.signatureAlgorithmPart))
  }

  get issuer(): Bytes {
    return (this.issuerPart = this.#whole(this.issuerPart))
  }

  get subject(): Bytes {
    return (this.subjectPart = this.#whole(this.subjectPart))
  }

  get spki(): Bytes {
    return (this.spkiPart = this.#whole(this.spkiPart))
  }

  get signature(): Bytes {
    return (this.signaturePart = this.#content(this.signaturePart, unusedBitsOctets))
  }

  /** An element, header included. */
  #whole(part: Part): Bytes {
    if (typeof part !== 'number') return part
    return this.der.subarray(part, contentAt(this.der, part) + lengthAt(this.der, part))
  }

  /** Of an element the content, but for so many octets that it begins with. */
  #content(part: Part, but: number): Bytes {
    if (typeof part !== 'number') return part
    const start = contentAt(this.der, part)
    return this.der.subarray(start + but, start + lengthAt(this.der, part))
  }
}
