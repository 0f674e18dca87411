import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import { integer } from './der.ts'
import { distinguishedName, signingAlgorithm, type Ca } from './hierarchy.ts'

/** RFC 5280 5.3.1, the reasons that a scenario may give. */
const reasons = {
  keyCompromise: X509CrlReason.keyCompromise,
  cessationOfOperation: X509CrlReason.cessationOfOperation,
  privilegeWithdrawn: X509CrlReason.privilegeWithdrawn,
} as const

export type RevocationReason = keyof typeof reasons

export interface CrlEntry {
  /** Upper-case hexadecimal, whole bytes. */
  readonly serial: string
  readonly at: Instant
  readonly reason: RevocationReason
}

export interface CrlFields {
  readonly entries: readonly CrlEntry[]
  /** RFC 5280 5.2.3: grows with every CRL of one issuer. */
  readonly number: number
  readonly at: Instant
  readonly nextUpdateMs: number
}

/** A complete CRL of one issuer, in DER (RFC 5280 section 5). */
export async function createCrl(issuer: Ca, fields: CrlFields): Promise<Bytes> {
  const crl = await X509CrlGenerator.create({
    issuer: distinguishedName(issuer.name),
    thisUpdate: new Date(fields.at),
    nextUpdate: new Date(shift(fields.at, fields.nextUpdateMs)),
    signingAlgorithm,
    signingKey: issuer.signingKey,
    extensions: [
      new AuthorityKeyIdentifierExtension(toHex(issuer.keyId)),
      new Extension('2.5.29.20', false, integer(bigEndian(fields.number))),
    ],
    entries: fields.entries.map(({ serial, at, reason }) => ({
      serialNumber: serial,
      revocationDate: new Date(at),
      reason: reasons[reason],
    })),
  })
  return new Uint8Array(crl.rawData)
}

function bigEndian(number: number): Bytes {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(number))
  return octets
}
