import type { Platform, PlatformRequest } from '#edge/platforms/platform.ts'
import { foreignHeaders } from '#edge/platforms/strip.ts'
import type { Bytes } from '#shared/bytes.ts'
import { isoFromInstant } from '#shared/time.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { sha256Hex } from './inspect-formats.ts'

/** One certificate that was presented; only its digest and the fault where it cannot be read. */
export interface InspectedCertificate {
  readonly role: 'leaf' | 'intermediate'
  /** Of the DER, lower-case hexadecimal. */
  readonly sha256: string
  readonly facts: Readonly<Record<string, string>>
}

/** What a platform's adapter reads of a request. */
export interface Inspection {
  readonly platform: string
  /** Headers that the platform itself sets, in lower case. */
  readonly reads: readonly string[]
  readonly presented: Presented['kind']
  /** What there is to say beside the certificates: the field at fault, or what the platform attests. */
  readonly facts: Readonly<Record<string, string>>
  readonly certificates: readonly InspectedCertificate[]
  /** Client-certificate headers that are none of this platform's: the edge takes them away. */
  readonly foreign: readonly string[]
  /** Whether a certificate, or a platform's word on one, is there and can be read. */
  readonly isReadable: boolean
}

/** Reads a request as the edge would, and verifies nothing. */
export async function inspectRequest(
  platform: Platform,
  request: PlatformRequest,
  headerNames: readonly string[],
): Promise<Inspection> {
  const presented = await platform.read(request)
  const certificates = await Promise.all(
    bytesOf(presented).map((der, index) =>
      describeCertificate(index === 0 ? 'leaf' : 'intermediate', der),
    ),
  )
  const named = new Headers(headerNames.map((name): [string, string] => [name, '']))
  const isThere = presented.kind === 'chain' || presented.kind === 'attested'
  return {
    platform: platform.name,
    reads: platform.ownHeaders,
    presented: presented.kind,
    facts: factsOf(presented),
    certificates,
    foreign: foreignHeaders(named, platform).forged,
    isReadable: isThere && certificates.every(({ facts }) => facts['fault'] === undefined),
  }
}

function bytesOf(presented: Presented): readonly Bytes[] {
  if (presented.kind === 'chain') return [presented.leaf, ...presented.intermediates]
  return presented.kind === 'attested' && presented.leaf !== undefined ? [presented.leaf] : []
}

function factsOf(presented: Presented): Readonly<Record<string, string>> {
  switch (presented.kind) {
    case 'none':
      return {}
    case 'chain':
      return presented.platformSaysRevoked === true ? { platformSays: 'revoked' } : {}
    case 'withheld':
      return { withheld: presented.what }
    case 'malformed':
      return { field: presented.field, expected: presented.expected }
    case 'attested': {
      const { notBefore, notAfter, ...texts } = presented.fields
      return {
        ...texts,
        notBefore: isoFromInstant(notBefore),
        notAfter: isoFromInstant(notAfter),
      }
    }
  }
}

async function describeCertificate(
  role: InspectedCertificate['role'],
  der: Bytes,
): Promise<InspectedCertificate> {
  const sha256 = await sha256Hex(der)
  const parsed = parseCertificate(der)
  if (!parsed.ok) {
    const { offset, expected } = parsed.error
    return { role, sha256, facts: { fault: `byte ${offset}: expected ${expected}` } }
  }
  const { subject, issuer, serial, validity } = parsed.value
  const facts = {
    subject: nameText(subject),
    issuer: nameText(issuer),
    serial: albSerial(serial),
    notBefore: isoFromInstant(validity.notBefore),
    notAfter: isoFromInstant(validity.notAfter),
  }
  return { role, sha256, facts }
}

function nameText(der: Bytes): string {
  const text = rfc2253Name(der)
  return text.ok ? text.value : `(byte ${text.error.offset}: expected ${text.error.expected})`
}

/** The inspection for people: one fact a line, certificates indented under their role. */
export function inspectionText(inspection: Inspection): string {
  const { platform, reads, presented, facts, certificates, foreign } = inspection
  const lines = [
    line('platform', platform),
    ...(reads.length === 0 ? [] : [line('its headers', reads.join(', '))]),
    line('presented', presented),
    ...Object.entries(facts).map(([name, text]) => line(`  ${name}`, text)),
    ...certificates.flatMap(({ role, sha256, facts: own }) => [
      line(role, own['subject'] ?? ''),
      ...Object.entries({ ...own, sha256 })
        .filter(([name]) => name !== 'subject')
        .map(([name, text]) => line(`  ${name}`, text)),
    ]),
    ...(foreign.length === 0 ? [] : [line('foreign', `${foreign.join(', ')} (taken away)`)]),
  ]
  return `${lines.join('\n')}\n`
}

/** Wide enough for the longest name. */
function line(name: string, text: string): string {
  return `${name.padEnd(14)}${printable(text)}`.trimEnd()
}

/** What comes from a certificate may hold characters that a terminal obeys. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0
    return `\\u{${point.toString(16)}}`
  })
}
