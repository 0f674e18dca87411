import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { readAlbValidity } from '#shared/wire/dates.ts'
import { isSha256Of, readSha256 } from '#shared/wire/fingerprint.ts'
import { readSerial } from '#shared/wire/serial.ts'
import { decodeUrlPem } from '#shared/wire/url-pem.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { headerOf, malformed } from './reading.ts'

const prefix = 'cloudfront-viewer-cert-'
const names = [
  'present',
  'pem',
  'sha256',
  'serial-number',
  'issuer',
  'subject',
  'validity',
] as const

type Name = (typeof names)[number]
type Texts = Readonly<Partial<Record<Name, string>>>

/**
 * CloudFront's viewer mutual TLS, modes `required` and `optional`, at an origin whose origin request
 * policy lists `CloudFront-Viewer-Cert-Present` and `-Pem`. Where the leaf's bytes come they are all
 * that is believed. Without `-Pem` CloudFront's word on serial, names and dates is `attested`: it
 * has verified the chain, and asked OCSP only where the trust store says so; where the policy does
 * not list all of these what there is counts as malformed. That CloudFront overwrites a client's copies is not
 * documented, and neither is what it sends in `passthrough` mode: trust rests on the hop.
 */
export function cloudfrontPlatform(): Platform {
  return {
    name: 'cloudfront',
    ownHeaders: names.map((name) => prefix + name),
    read: readCloudfront,
  }
}

async function readCloudfront(request: PlatformRequest): Promise<Presented> {
  const texts: Texts = Object.fromEntries(
    names.flatMap((name) => {
      const text = headerOf(request, prefix + name)
      return text === undefined ? [] : [[name, text]]
    }),
  )
  const { present, pem, ...facts } = texts
  if (present !== undefined && present !== '0' && present !== '1') return fault('present', '0 or 1')
  const isSaid = pem !== undefined || Object.keys(facts).length > 0
  if (present === '0' && isSaid) return fault('present', '1 beside a certificate')
  if (pem !== undefined) return readPem(pem, texts.sha256)
  if (present === '1' || isSaid) return readFacts(texts)
  return { kind: 'none' }
}

async function readPem(pem: string, sha256: string | undefined): Promise<Presented> {
  const read = decodeUrlPem(pem)
  if (!read.ok) return fault('pem', read.error.expected)
  const [leaf, ...more] = read.value
  if (leaf === undefined || more.length > 0) return fault('pem', 'one certificate')
  const isOfLeaf = sha256 === undefined || (await isFingerprint(sha256, leaf))
  if (!isOfLeaf) return fault('sha256', "the certificate's SHA-256")
  return { kind: 'chain', leaf, intermediates: [] }
}

async function isFingerprint(text: string, leaf: Bytes): Promise<boolean> {
  const read = readSha256(text)
  return read.ok && isSha256Of(read.value, leaf)
}

function readFacts(texts: Texts): Presented {
  const { issuer, subject, validity: dates, 'serial-number': number } = texts
  if (!issuer || !subject || !dates || !number) return fault('pem', missing)
  const serial = readSerial(number)
  if (!serial.ok) return fault('serial-number', serial.error.expected)
  const validity = readAlbValidity(dates)
  if (!validity.ok) return fault('validity', validity.error.expected)
  for (const [name, text] of [
    ['issuer', issuer],
    ['subject', subject],
  ] as const) {
    if (!/^[\x20-\x7e]*$/.test(text)) return fault(name, 'printable ASCII')
  }
  const fields = { serial: serial.value, issuer, subject, ...validity.value }
  return { kind: 'attested', fields, leaf: undefined }
}

const missing = 'a certificate, or all of Serial-Number, Issuer, Subject and Validity'

const fault = (name: Name, expected: string): Presented => malformed(prefix + name, expected)
