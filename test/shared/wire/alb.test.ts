import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { instantFromIso as at } from '#shared/time.ts'
import {
  albNames,
  readAlbPassthrough,
  readAlbVerify,
  writeAlbPassthrough,
  writeAlbVerify,
  type AlbNames,
  type HeaderLine,
} from '#shared/wire/alb.ts'
import { legacyName } from '#shared/wire/names.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import { intermediatePem, leafFacts, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const chain: readonly Bytes[] = decoded.ok ? decoded.value : []
const leaf = chain[0] ?? new Uint8Array()

function lookupIn(lines: readonly HeaderLine[]): (name: string) => string | null {
  const headers = new Headers(lines.map(([name, value]): [string, string] => [name, value]))
  return (name) => headers.get(name)
}

function verifyLines(names?: AlbNames): HeaderLine[] {
  const certificate = parseCertificate(leaf)
  if (!certificate.ok) throw new Error(certificate.error.expected)
  const lines = writeAlbVerify(certificate.value, names)
  if (!lines.ok) throw new Error(lines.error.expected)
  return lines.value
}

test('verify writes the five headers as ALB documents them', () => {
  expect(verifyLines()).toEqual([
    ['X-Amzn-Mtls-Clientcert-Serial-Number', leafFacts.serial],
    ['X-Amzn-Mtls-Clientcert-Issuer', leafFacts.issuer],
    ['X-Amzn-Mtls-Clientcert-Subject', leafFacts.subject],
    [
      'X-Amzn-Mtls-Clientcert-Validity',
      'NotBefore=2021-08-05T09:36:04Z;NotAfter=2031-11-21T23:59:59Z',
    ],
    ['X-Amzn-Mtls-Clientcert-Leaf', encodeUrlPem([leaf])],
  ])
})

test("the leaf's names in the older form", () => {
  const certificate = parseCertificate(leaf)
  const names = certificate.ok ? [certificate.value.subject, certificate.value.issuer] : []
  expect(names.map(legacyName)).toEqual([
    { ok: true, value: leafFacts.legacySubject },
    { ok: true, value: leafFacts.legacyIssuer },
  ])
})

const renamed = { ...albNames('X-Fleet-'), leaf: 'X-Private-Leaf' }

test.each([{ names: albNames() }, { names: renamed }])(
  'verify comes back: $names.leaf',
  ({ names }) => {
    expect(readAlbVerify(lookupIn(verifyLines(names)), names)).toEqual({
      ok: true,
      value: {
        fields: {
          serial: '9E2A',
          issuer: leafFacts.issuer,
          subject: leafFacts.subject,
          notBefore: at('2021-08-05T09:36:04Z'),
          notAfter: at('2031-11-21T23:59:59Z'),
        },
        leaf,
      },
    })
  },
)

test('no verify header is no certificate, one left out is a fault', () => {
  expect(readAlbVerify(lookupIn([]))).toEqual({ ok: true, value: undefined })
  for (const missing of verifyLines()) {
    const rest = verifyLines().filter(([name]) => name !== missing[0])
    expect(readAlbVerify(lookupIn(rest))).toEqual({
      ok: false,
      error: { field: missing[0], expected: 'the header, beside the others' },
    })
  }
})

test.each(verifyLines())('a repeated %s is a fault', (name, value) => {
  const read = readAlbVerify(lookupIn([...verifyLines(), [name, value]]))
  expect(read.ok ? 'read' : read.error.field).toBe(name)
})

const subjects = [
  { subject: 'CN=a,O=b', reads: true },
  { subject: String.raw`CN=a\, b`, reads: true },
  { subject: String.raw`CN=a\\,O=b`, reads: true },
  { subject: String.raw`CN=a\\, O=b`, reads: false },
  { subject: 'CN=a, CN=b', reads: false },
  { subject: '', reads: true },
]

test.each(subjects)('the subject "$subject" reads: $reads', ({ subject, reads }) => {
  const lines = verifyLines().map(([name, value]): HeaderLine => [
    name,
    name.endsWith('Subject') ? subject : value,
  ])
  expect(readAlbVerify(lookupIn(lines)).ok).toBe(reads)
})

test('a leaf header with a chain in it is a fault', () => {
  const lines = verifyLines().map(([name, value]): HeaderLine => [
    name,
    name.endsWith('Leaf') ? encodeUrlPem(chain) : value,
  ])
  const read = readAlbVerify(lookupIn(lines))
  expect(read).toEqual({
    ok: false,
    error: { field: 'X-Amzn-Mtls-Clientcert-Leaf', expected: 'one certificate' },
  })
})

test('passthrough: the chain, leaf first; nothing without a certificate', () => {
  expect(writeAlbPassthrough([])).toEqual([])
  expect(readAlbPassthrough(lookupIn([]))).toEqual({ ok: true, value: undefined })
  const lines = writeAlbPassthrough(chain, renamed)
  expect(lines.map(([name]) => name)).toEqual(['X-Fleet-Mtls-Clientcert'])
  expect(readAlbPassthrough(lookupIn(lines), renamed)).toEqual({ ok: true, value: chain })
  expect(readAlbPassthrough(lookupIn([...lines, ...lines]), renamed).ok).toBe(false)
})

test('passthrough: an empty header is a fault, not an absent certificate', () => {
  expect(readAlbPassthrough(() => '').ok).toBe(false)
})
