import { expect, test } from 'vitest'
import { cloudfrontPlatform } from '#edge/platforms/cloudfront.ts'
import { instantFromIso } from '#shared/time.ts'
import { leafFacts } from '../../vectors/device.ts'
import { readOf, leafAlone, leafSha256, malformed, none, spelt, type HeadersCase } from './given.ts'

const prefix = 'cloudfront-viewer-cert-'
const { leafEscaped, leafHalfEscaped, chainEscaped } = spelt

/** The headers as CloudFront writes them: serial in lower case between colons, names by RFC 2253. */
const facts = {
  'CloudFront-Viewer-Cert-Present': '1',
  'CloudFront-Viewer-Cert-Serial-Number': '9e:2a',
  'CloudFront-Viewer-Cert-Issuer': leafFacts.issuer,
  'CloudFront-Viewer-Cert-Subject': leafFacts.subject,
  'CloudFront-Viewer-Cert-Validity': 'NotBefore=2021-08-05T09:36:04Z;NotAfter=2031-11-21T23:59:59Z',
  'CloudFront-Viewer-Cert-Sha256': leafSha256,
}
const attested = {
  kind: 'attested',
  leaf: undefined,
  fields: {
    serial: '9E2A',
    issuer: leafFacts.issuer,
    subject: leafFacts.subject,
    notBefore: instantFromIso('2021-08-05T09:36:04Z'),
    notAfter: instantFromIso('2031-11-21T23:59:59Z'),
  },
} as const
const tooLittle = {
  kind: 'malformed',
  field: 'cloudfront-viewer-cert-pem',
  expected: 'a certificate, or all of Serial-Number, Issuer, Subject and Validity',
} as const
const pem = 'CloudFront-Viewer-Cert-Pem'

const cases: readonly HeadersCase[] = [
  { name: 'no header', headers: {}, presented: none },
  { name: 'no certificate', headers: { 'CloudFront-Viewer-Cert-Present': '0' }, presented: none },
  { name: 'all headers', headers: { ...facts, [pem]: leafEscaped }, presented: leafAlone },
  { name: 'the certificate alone', headers: { [pem]: leafHalfEscaped }, presented: leafAlone },
  { name: 'all but the certificate', headers: facts, presented: attested },
  {
    name: 'a serial with its sign byte, as events have it',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Serial-Number': '00:9e:2a' },
    presented: attested,
  },
  {
    name: 'presence alone',
    headers: { 'CloudFront-Viewer-Cert-Present': '1' },
    presented: tooLittle,
  },
  {
    name: 'a fingerprint alone',
    headers: { 'CloudFront-Viewer-Cert-Sha256': leafSha256 },
    presented: tooLittle,
  },
  {
    name: 'present, and not',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Present': '0' },
    presented: malformed(`${prefix}present`, '1 beside a certificate'),
  },
  {
    name: 'present twice',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Present': ['1', '1'] },
    presented: malformed(`${prefix}present`, '0 or 1'),
  },
  {
    name: 'a fingerprint of another certificate',
    headers: { [pem]: leafEscaped, 'CloudFront-Viewer-Cert-Sha256': '0'.repeat(64) },
    presented: malformed(`${prefix}sha256`, "the certificate's SHA-256"),
  },
  {
    name: 'a fingerprint that is none',
    headers: { [pem]: leafEscaped, 'CloudFront-Viewer-Cert-Sha256': 'x' },
    presented: malformed(`${prefix}sha256`, "the certificate's SHA-256"),
  },
  {
    name: 'a chain',
    headers: { [pem]: chainEscaped },
    presented: malformed(`${prefix}pem`, 'one certificate'),
  },
  {
    name: 'two certificates',
    headers: { [pem]: [leafEscaped, leafEscaped] },
    presented: malformed(`${prefix}pem`, 'a URL-encoded character'),
  },
  {
    name: 'a serial that is none',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Serial-Number': '40490x' },
    presented: malformed(`${prefix}serial-number`, 'a serial as whole hexadecimal bytes'),
  },
  {
    name: 'dates that are none',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Validity': leafFacts.notBefore },
    presented: malformed(`${prefix}validity`, 'NotBefore=…;NotAfter=…'),
  },
  {
    name: 'a subject outside ASCII',
    headers: { ...facts, 'CloudFront-Viewer-Cert-Subject': 'CN=\u00e4' },
    presented: malformed(`${prefix}subject`, 'printable ASCII'),
  },
]

test.each(cases)('$name', async (each) => {
  expect(await readOf(cloudfrontPlatform(), each.headers)).toEqual(each.presented)
})
