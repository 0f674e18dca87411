import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'

/** Forms of GeneralName (RFC 5280 4.2.1.6) that this core compares with nothing. */
export type OpaqueForm = 'otherName' | 'x400Address' | 'ediPartyName' | 'registeredID'

/** A name of a certificate, or the base of a subtree: both are GeneralNames. */
export type GeneralName =
  | { readonly form: 'dns' | 'email' | 'uri'; readonly text: string }
  /** A name has 4 or 16 octets; a base has an address and a mask after it, 8 or 32. */
  | { readonly form: 'ip'; readonly octets: Bytes }
  /** DER of the Name, header included. */
  | { readonly form: 'directory'; readonly name: Bytes }
  | { readonly form: OpaqueForm }

export type NameForm = GeneralName['form']

/** A GeneralName by its tag (RFC 5280 4.2.1.6); an iPAddress of any length. */
export function readGeneralName(reader: DerReader): GeneralName {
  switch (reader.nextTag) {
    case tag.context(1):
      return { form: 'email', text: readIa5(reader, 1, 'rfc822Name') }
    case tag.context(2):
      return { form: 'dns', text: readIa5(reader, 2, 'dNSName') }
    case tag.context(6):
      return { form: 'uri', text: readUri(reader) }
    case tag.context(7):
      return { form: 'ip', octets: reader.content(tag.context(7), 'iPAddress') }
    case tag.contextConstructed(4):
      return { form: 'directory', name: readDirectoryName(reader) }
    default:
      return { form: readOpaqueForm(reader) }
  }
}

/**
 * Passes over a GeneralName that `readGeneralName` reads, and makes nothing of it: names of devices
 * are many, and most are never looked at.
 *
 * @returns how many octets its text or address has
 */
export function passGeneralName(reader: DerReader): number {
  switch (reader.nextTag) {
    case tag.context(1):
      return passIa5(reader, 1, 'rfc822Name')
    case tag.context(2):
      return passIa5(reader, 2, 'dNSName')
    case tag.context(6):
      return passIa5(reader, 6, 'uniformResourceIdentifier')
    default:
      return passOther(reader)
  }
}

function passOther(reader: DerReader): number {
  const element = reader.at
  if (reader.nextTag === tag.context(7)) {
    const start = reader.passContent(tag.context(7), 'iPAddress')
    return reader.at - start
  }
  if (reader.nextTag === tag.contextConstructed(4)) readDirectoryName(reader)
  else readOpaqueForm(reader)
  return reader.at - element
}

/** directoryName is EXPLICIT, since Name is a CHOICE. */
function readDirectoryName(reader: DerReader): Bytes {
  const outer = reader.open(tag.contextConstructed(4), 'directoryName')
  const name = reader.element(tag.sequence, 'Name')
  reader.close(outer)
  return name
}

const opaqueForms: Readonly<Record<number, OpaqueForm>> = {
  [tag.contextConstructed(0)]: 'otherName',
  [tag.contextConstructed(3)]: 'x400Address',
  [tag.contextConstructed(5)]: 'ediPartyName',
  [tag.context(8)]: 'registeredID',
}

function readOpaqueForm(reader: DerReader): OpaqueForm {
  const form = opaqueForms[reader.nextTag]
  if (form === undefined) return reader.fail('a GeneralName')
  reader.skip('GeneralName')
  return form
}

/** The text of a uniformResourceIdentifier. */
export function readUri(reader: DerReader): string {
  return readIa5(reader, 6, 'uniformResourceIdentifier')
}

function readIa5(reader: DerReader, number: number, expected: string): string {
  const length = passIa5(reader, number, expected)
  return ascii.decode(reader.bytes.subarray(reader.at - length, reader.at))
}

/** X.680 table 8: IA5String is ASCII. */
function passIa5(reader: DerReader, number: number, expected: string): number {
  const element = reader.at
  const start = reader.passContent(tag.context(number), expected)
  const { bytes, at: end } = reader
  let bits = 0
  for (let at = start; at < end; at += 1) bits |= bytes[at] ?? 0
  if (bits >= 0x80) reader.fail(`${expected} in IA5String`, element)
  return end - start
}

const ascii = new TextDecoder()
