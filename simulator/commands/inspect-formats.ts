import { readEscapedPem } from '#edge/platforms/escaped-pem.ts'
import { googleCloudHeaders } from '#edge/platforms/google-cloud.ts'
import { haproxyPlatform } from '#edge/platforms/haproxy.ts'
import { readRfc9440 } from '#edge/platforms/rfc9440.ts'
import { traefikPlatform } from '#edge/platforms/traefik.ts'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { isoFromInstant } from '#shared/time.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { readBase64Der } from '#shared/wire/base64-der.ts'
import { readAlbPassthrough } from '#shared/wire/alb.ts'
import { readAlbValidity } from '#shared/wire/dates.ts'
import type { WireFault } from '#shared/wire/fault.ts'
import { isSha256Of, readSha256 } from '#shared/wire/fingerprint.ts'
import { parseRfc2253 } from '#shared/wire/name-parser.ts'
import { readSerial } from '#shared/wire/serial.ts'
import { decodeUrlPem } from '#shared/wire/url-pem.ts'
import { chainOfXfcc } from '#shared/wire/xfcc-chain.ts'
import { parseXfcc, type XfccElement } from '#shared/wire/xfcc.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { HeadersCase } from './inspect-case.ts'
import { toHeaders } from './inspect-headers.ts'

/** What was read of one case's headers; an error names the field and what was expected in it. */
export type HeadersAnswer =
  | { readonly status: 'absent' }
  | { readonly status: 'error'; readonly field: string; readonly expected: string }
  | CertsAnswer
  | FieldsAnswer
  | ElementsAnswer

interface CertsAnswer {
  readonly status: 'certs'
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly leafSha256: string
  readonly chainSha256: readonly string[]
  /** Of XFCC: how many elements there are. The certificates are the last one's. */
  readonly count?: number
}

interface FieldsAnswer {
  readonly status: 'fields'
  /** Lower-case hexadecimal, whole bytes. */
  readonly serial: string
  readonly subjectCN?: string
  readonly issuerCN?: string
  readonly notBefore: string
  readonly notAfter: string
  readonly leafSha256?: string
}

interface ElementsAnswer {
  readonly status: 'elements'
  readonly count: number
  readonly element0: Omit<XfccElement, 'cert' | 'chain'>
  /** Why no certificate is believed, where the last element has one. */
  readonly because?: string
}

type Headers = ReturnType<typeof toHeaders>
type Read = (headers: Headers, asked: HeadersCase) => Promise<HeadersAnswer>

/** One reader a format, each through the code of the platform that writes it. */
const readers = {
  rfc9440: async (headers, asked) =>
    certsOf(readRfc9440({ headers }, rfc9440Names(headers, asked))),
  'aws-alb': readAlb,
  'aws-alb-verify': readAlbVerify,
  xfcc: readXfcc,
  traefik: async (headers) => certsOf(await traefikPlatform().read({ headers })),
  'nginx-escaped': async (headers, asked) => {
    const cert = onlyName(headers, asked, ['ssl-client-cert', 'x-ssl-client-cert', 'x-client-cert'])
    return certsOf(readEscapedPem({ headers }, { cert, verify: undefined }))
  },
  'base64-der': readDer,
} as const satisfies Record<HeadersCase['format'], Read>

/** Reads one case: `absent` where the headers say that no certificate was presented. */
export function readFormat(asked: HeadersCase): Promise<HeadersAnswer> {
  return readers[asked.format](toHeaders(asked.headers), asked)
}

const rfc9440Headers = { leaf: 'client-cert', chain: 'client-cert-chain' }

/** The names a case gives, else RFC 9440's own, else those of Google Cloud where they are there. */
function rfc9440Names(
  headers: Headers,
  { headerNames }: HeadersCase,
): { readonly leaf: string; readonly chain: string } {
  const isGoogle = headers.names.includes(googleCloudHeaders.leaf)
  const isOwn = headers.names.includes(rfc9440Headers.leaf)
  const names = isGoogle && !isOwn ? googleCloudHeaders : rfc9440Headers
  return { leaf: headerNames?.cert ?? names.leaf, chain: headerNames?.chain ?? names.chain }
}

/** The header a case names, else one of the names by custom, else the only one there is. */
function onlyName(headers: Headers, asked: HeadersCase, byCustom: readonly string[]): string {
  const named = asked.headerNames?.cert ?? byCustom.find((name) => headers.names.includes(name))
  return named ?? headers.names[0] ?? ''
}

/** The chain of passthrough mode, or the leaf alone of verify mode. */
async function readAlb(headers: Headers): Promise<HeadersAnswer> {
  const chain = readAlbPassthrough((name) => headers.get(name))
  if (!chain.ok) return { status: 'error', ...chain.error }
  if (chain.value !== undefined) return certs(chain.value)
  const field = 'x-amzn-mtls-clientcert-leaf'
  const text = headers.get(field)
  if (text === null) return { status: 'absent' }
  const leaf = decodeUrlPem(text)
  if (!leaf.ok) return { status: 'error', field, expected: leaf.error.expected }
  if (leaf.value.length > 1) return { status: 'error', field, expected: 'one certificate' }
  return certs(leaf.value)
}

const albVerifyPrefix = 'x-amzn-mtls-clientcert-'

/** The fields of verify mode; the leaf beside them where it is there, for older captures lack it. */
async function readAlbVerify(headers: Headers): Promise<HeadersAnswer> {
  if (!headers.names.some((name) => name.startsWith(albVerifyPrefix))) return { status: 'absent' }
  const fields = readAlbFields(headers)
  if (!fields.ok) return { status: 'error', ...fields.error }
  const text = headers.get(`${albVerifyPrefix}leaf`)
  if (text === null) return fields.value
  const leaf = await readAlb(toHeaders({ [`${albVerifyPrefix}leaf`]: text }))
  return leaf.status === 'certs' ? { ...fields.value, leafSha256: leaf.leafSha256 } : leaf
}

function readAlbFields(headers: Headers): Result<FieldsAnswer, FieldFault> {
  const serial = readField(headers, 'serial-number', readSerial)
  if (!serial.ok) return serial
  const issuer = readField(headers, 'issuer', parseRfc2253)
  if (!issuer.ok) return issuer
  const subject = readField(headers, 'subject', parseRfc2253)
  if (!subject.ok) return subject
  const validity = readField(headers, 'validity', readAlbValidity)
  if (!validity.ok) return validity
  return ok({
    status: 'fields',
    serial: serial.value.toLowerCase(),
    ...commonName('subjectCN', subject.value),
    ...commonName('issuerCN', issuer.value),
    notBefore: isoFromInstant(validity.value.notBefore),
    notAfter: isoFromInstant(validity.value.notAfter),
  })
}

interface FieldFault {
  readonly field: string
  readonly expected: string
}

function readField<Value>(
  headers: Headers,
  name: string,
  read: (text: string) => Result<Value, WireFault>,
): Result<Value, FieldFault> {
  const field = albVerifyPrefix + name
  const text = headers.get(field)
  if (text === null) return err({ field, expected: 'the header, beside the others' })
  const value = read(text)
  return value.ok ? value : err({ field, expected: value.error.expected })
}

type Rdns = readonly (readonly { readonly type: string; readonly value: string }[])[]

/** The most specific common name: RFC 2253 writes it first. */
function commonName<Field extends string>(
  field: Field,
  name: Rdns,
): { readonly [Name in Field]?: string } {
  const found = name.flat().find(({ type }) => type === 'CN')
  return found === undefined ? {} : ({ [field]: found.value } as { [Name in Field]: string })
}

/**
 * The last element's certificates, as one trusted proxy would have written them. Where it has none,
 * or a `Hash` that cannot be one, the grammar is all there is to tell.
 */
async function readXfcc(headers: Headers, asked: HeadersCase): Promise<HeadersAnswer> {
  const field = 'x-forwarded-client-cert'
  const text = headers.get(field)
  if (text === null) return { status: 'absent' }
  const parsed = parseXfcc(text)
  if (!parsed.ok) return { status: 'error', field, expected: parsed.error.expected }
  const element = parsed.value.at(-1)
  if (element === undefined) return { status: 'error', field, expected: 'an element' }
  const isGrammar = asked.grammarOnly === true
  if (isGrammar || (element.cert ?? element.chain) === undefined) return elements(parsed.value)
  if (element.hash !== undefined && !readSha256(element.hash).ok) {
    return { ...elements(parsed.value), because: 'Hash: expected a SHA-256 fingerprint' }
  }
  const chain = await chainOfXfcc(element)
  if (!chain.ok) return { status: 'error', field: chain.error.key, expected: chain.error.expected }
  if (chain.value === undefined) return elements(parsed.value)
  const answer = await certs([chain.value.leaf, ...chain.value.intermediates])
  return answer.status === 'certs' ? { ...answer, count: parsed.value.length } : answer
}

function elements(all: readonly XfccElement[]): ElementsAnswer {
  const { by = [], hash, subject, uris = [], dns = [] } = all[0] ?? {}
  return { status: 'elements', count: all.length, element0: { by, hash, subject, uris, dns } }
}

/**
 * Some products send a fingerprint beside the certificate: it has to be that one's. A chain under a
 * name of its own is HAProxy's, certificates one after another.
 */
async function readDer(headers: Headers, asked: HeadersCase): Promise<HeadersAnswer> {
  const field = onlyName(headers, asked, ['x-arr-clientcert', 'cf-client-cert-der-base64'])
  const chain = asked.headerNames?.chain
  if (chain !== undefined) {
    const haproxy = haproxyPlatform({ cert: field, chain, verify: undefined })
    return certsOf(await haproxy.read({ headers }))
  }
  const text = headers.get(field) ?? ''
  if (text === '') return { status: 'absent' }
  const leaf = readBase64Der(text)
  if (!leaf.ok) return { status: 'error', field, expected: leaf.error.expected }
  const beside = 'cf-client-cert-sha256'
  const sha256 = headers.get(beside)
  if (sha256 !== null) {
    const read = readSha256(sha256)
    const isOfLeaf = read.ok && (await isSha256Of(read.value, leaf.value))
    if (!isOfLeaf) return { status: 'error', field: beside, expected: "the certificate's SHA-256" }
  }
  return certs([leaf.value])
}

async function certsOf(presented: Presented): Promise<HeadersAnswer> {
  switch (presented.kind) {
    case 'none':
      return { status: 'absent' }
    case 'chain':
      return certs([presented.leaf, ...presented.intermediates])
    case 'malformed':
      return { status: 'error', field: presented.field, expected: presented.expected }
    case 'withheld':
      return { status: 'error', field: presented.what, expected: 'a certificate that is passed on' }
    case 'attested':
      return { status: 'error', field: 'leaf', expected: 'a certificate beside the fields' }
  }
}

/** Bytes that no certificate can be read from are an error: a chain is told whole or not at all. */
async function certs(ders: readonly Bytes[]): Promise<HeadersAnswer> {
  for (const [index, der] of ders.entries()) {
    const parsed = parseCertificate(der)
    if (parsed.ok) continue
    const { offset, expected } = parsed.error
    return {
      status: 'error',
      field: `certificate ${index}`,
      expected: `byte ${offset}: ${expected}`,
    }
  }
  const [leafSha256 = '', ...chainSha256] = await Promise.all(ders.map(sha256Hex))
  return { status: 'certs', leafSha256, chainSha256 }
}

/** SHA-256 of a certificate's DER, lower-case hexadecimal. */
export async function sha256Hex(der: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', der)))
}
