import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { appServicePlatform } from '#edge/platforms/app-service.ts'
import { cloudfrontPlatform } from '#edge/platforms/cloudfront.ts'
import { envoyPlatform } from '#edge/platforms/envoy.ts'
import { ingressNginxPlatform } from '#edge/platforms/ingress-nginx.ts'
import { rfc9440Platform } from '#edge/platforms/rfc9440.ts'
import { toBase64 } from '#shared/bytes.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { inspectLines } from '#simulator/commands/inspect-batch.ts'
import { toHeaders } from '#simulator/commands/inspect-headers.ts'
import { inspectionText, inspectRequest } from '#simulator/commands/inspect-platform.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'
import { batchAnswers } from './batch-answers.ts'
import { runCli } from './cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-inspect-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A text of this pattern, typed as what a table may hold. */
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const leafSha256 = '3e2ebbfbd2f822ab5dec017ad34a30d4773227fe9efa2df277cd2db6425e2c4b'
const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const [leaf = '', intermediate = ''] = (decoded.ok ? decoded.value : []).map((der) => toBase64(der))
const escaped = encodeURIComponent(leafPem)

const good = file('good.json', { 'X-SSL-Client-Cert': escaped, 'Client-Cert': 'x', accept: '*/*' })

test('a certificate that is read: status 0, its facts, and what is foreign', async () => {
  const done = await runCli('inspect', '--platform', 'nginx', '--headers', good)
  expect(done.stdout.split('\n')).toEqual([
    'platform      nginx',
    'its headers   x-ssl-client-cert',
    'presented     chain',
    String.raw`leaf          UID=0001,CN=car-0001\ ,OU=cars,O=Acme\, W\C3\A4gen,C=DE`,
    '  issuer      CN=Fleet Issuing 1,O=Fleet,C=DE',
    '  serial      9E2A',
    '  notBefore   2021-08-05T09:36:04Z',
    '  notAfter    2031-11-21T23:59:59Z',
    `  sha256      ${leafSha256}`,
    'foreign       client-cert (taken away)',
    '',
  ])
  expect(done.status).toBe(0)
})

test('--json says the same', async () => {
  const done = await runCli('inspect', '--platform', 'nginx', '--headers', good, '--json')
  expect(JSON.parse(done.stdout)).toMatchObject({
    platform: 'nginx',
    reads: ['x-ssl-client-cert'],
    presented: 'chain',
    certificates: [{ role: 'leaf', sha256: leafSha256, facts: { serial: '9E2A' } }],
    foreign: ['client-cert'],
    isReadable: true,
  })
})

test('nothing presented: status 1', async () => {
  const empty = file('empty.json', {})
  const done = await runCli('inspect', '--platform', 'rfc9440', '--headers', empty)
  expect(done.stdout).toMatch(/^presented     none$/m)
  expect(done.status).toBe(1)
})

test('a variable, and facts beside the headers', async () => {
  const facts = file('context.json', { authentication: { clientCert: { clientCertPem: leafPem } } })
  const flags = [
    '--platform',
    'api-gateway',
    '--facts',
    facts,
    '--set',
    'CERT_HEADER=x-a',
    '--json',
  ]
  const done = await runCli('inspect', ...flags)
  expect(JSON.parse(done.stdout)).toMatchObject({
    reads: [],
    presented: 'chain',
    certificates: [{ sha256: leafSha256 }],
  })
  expect(done.status).toBe(0)
})

const readings = [
  {
    name: 'a header that came twice',
    platform: appServicePlatform(),
    headers: { 'X-ARR-ClientCert': [leaf, leaf] },
    says: {
      presented: 'malformed',
      facts: { field: 'x-arr-clientcert', expected: 'base64 of a certificate' },
      isReadable: false,
    },
  },
  {
    name: 'bytes that are no certificate',
    platform: rfc9440Platform(),
    headers: { 'client-cert': ':Zm9v:' },
    says: {
      presented: 'chain',
      certificates: [{ role: 'leaf', facts: { fault: matching(/^byte 0: expected /) } }],
      isReadable: false,
    },
  },
  {
    name: 'a certificate that the proxy revoked',
    platform: ingressNginxPlatform(),
    headers: { 'ssl-client-cert': escaped, 'ssl-client-verify': 'FAILED:certificate revoked' },
    says: { presented: 'chain', facts: { platformSays: 'revoked' }, isReadable: true },
  },
  {
    name: 'names alone',
    platform: envoyPlatform(),
    headers: { 'x-forwarded-client-cert': 'Hash=1;URI=spiffe://a/b' },
    says: {
      presented: 'malformed',
      facts: {
        field: 'x-forwarded-client-cert',
        expected: 'Cert or Chain, which Envoy adds where told',
      },
      isReadable: false,
    },
  },
  {
    name: "CloudFront's word alone",
    platform: cloudfrontPlatform(),
    headers: {
      'cloudfront-viewer-cert-serial-number': '9e:2a',
      'cloudfront-viewer-cert-subject': 'CN=a',
      'cloudfront-viewer-cert-issuer': 'CN=b',
      'cloudfront-viewer-cert-validity':
        'NotBefore=2021-08-05T09:36:04Z;NotAfter=2031-11-21T23:59:59Z',
    },
    says: {
      presented: 'attested',
      facts: { serial: '9E2A', subject: 'CN=a', notAfter: '2031-11-21T23:59:59Z' },
      certificates: [],
      isReadable: true,
    },
  },
]

test.each(readings)('$name', async ({ platform, headers, says }) => {
  const read = toHeaders(headers)
  expect(await inspectRequest(platform, { headers: read }, read.names)).toMatchObject(says)
})

test('what a terminal would obey is shown as text', () => {
  const text = inspectionText({
    platform: 'x',
    reads: [],
    presented: 'malformed',
    facts: { field: 'a\u001b[2Jb' },
    certificates: [],
    foreign: [],
    isReadable: false,
  })
  expect(text).toContain('a\\u{1b}[2Jb')
})

const unusable = [
  { name: 'nothing', args: () => [], says: 'expected --platform <name>, or --batch <file>' },
  {
    name: 'an unknown platform',
    args: () => ['--platform', 'iis'],
    says: 'Allowed choices are cloudflare, alb',
  },
  { name: 'no headers', args: () => ['--platform', 'nginx'], says: 'expected --headers <file>' },
  {
    name: 'JSON that is no headers',
    args: () => ['--platform', 'nginx', '--headers', file('list.json', [1])],
    says: 'expected {"name": "value" or ["value"]}',
  },
  {
    name: 'a name that no header can have',
    args: () => ['--platform', 'nginx', '--headers', file('name.json', { 'a b': '1' })],
    says: 'a b',
  },
  {
    name: 'a value that is none',
    args: () => ['--platform', 'envoy', '--headers', good, '--set', 'XFCC_ELEMENTS=all'],
    says: '--set XFCC_ELEMENTS: expected a number',
  },
  {
    name: 'a batch and a platform',
    args: () => ['--batch', '-', '--platform', 'nginx'],
    says: 'cannot be used with',
  },
]

test.each(unusable)(
  '$name cannot be used: status 2',
  async ({ args, says }) => {
    const done = await runCli('inspect', ...args())
    expect(done.stderr).toContain(says)
    expect(done.stdout).toBe('')
    expect(done.status).toBe(2)
  },
  20_000,
)

type Answer = Readonly<Record<string, unknown>>

const answers = (...lines: readonly unknown[]) => batchAnswers<Answer>(inspectLines, lines)

const xfcc = 'x-forwarded-client-cert'
const field = `:${leaf}:`
const certs = { status: 'certs', leafSha256, chainSha256: [] }
const chained = {
  status: 'certs',
  leafSha256,
  chainSha256: [matching(/^[0-9a-f]{64}$/)],
}
const alb = 'x-amzn-mtls-clientcert'
const fields = {
  [`${alb}-serial-number`]: '03A5B1',
  [`${alb}-issuer`]: 'CN=rootcamtls.com,OU=rootCA,C=US',
  [`${alb}-subject`]: 'OU=client-3,CN=client_.com,C=US',
  [`${alb}-validity`]: 'NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z',
}
const told = {
  status: 'fields',
  serial: '03a5b1',
  issuerCN: 'rootcamtls.com',
  subjectCN: 'client_.com',
  notBefore: '2023-09-21T01:50:17Z',
  notAfter: '2024-09-20T01:50:17Z',
}

const cases = [
  { format: 'rfc9440', headers: { 'Client-Cert': ` ${field}\t` }, says: certs },
  {
    format: 'rfc9440',
    headers: { 'client-cert': field, 'client-cert-chain': `:${intermediate}:` },
    says: chained,
  },
  { format: 'rfc9440', headers: { 'x-client-cert-leaf': field }, says: certs },
  {
    format: 'rfc9440',
    headers: { 'x-device': field },
    headerNames: { cert: 'x-device' },
    says: certs,
  },
  { format: 'rfc9440', headers: {}, says: { status: 'absent' } },
  {
    format: 'rfc9440',
    headers: { 'client-cert': [field, field] },
    says: { status: 'error', field: 'client-cert', expected: 'one byte sequence' },
  },
  {
    format: 'rfc9440',
    headers: { 'client-cert': field, 'client-cert-chain': ':AQID:' },
    says: { status: 'error', field: 'certificate 1' },
  },
  {
    format: 'aws-alb',
    headers: { [alb]: encodeURIComponent(leafPem + intermediatePem) },
    says: chained,
  },
  { format: 'aws-alb', headers: { [`${alb}-leaf`]: escaped }, says: certs },
  { format: 'aws-alb', headers: {}, says: { status: 'absent' } },
  {
    format: 'aws-alb',
    headers: { [`${alb}-leaf`]: escaped + escaped },
    says: { status: 'error', expected: 'one certificate' },
  },
  { format: 'aws-alb-verify', headers: fields, says: told },
  {
    format: 'aws-alb-verify',
    headers: { ...fields, [`${alb}-leaf`]: escaped },
    says: { ...told, leafSha256 },
  },
  {
    format: 'aws-alb-verify',
    headers: { ...fields, [`${alb}-leaf`]: 'x' },
    says: { status: 'error', field: `${alb}-leaf` },
  },
  { format: 'aws-alb-verify', headers: {}, says: { status: 'absent' } },
  {
    format: 'aws-alb-verify',
    headers: { ...fields, [`${alb}-subject`]: ['CN=a', 'CN=b'] },
    says: { status: 'error', field: `${alb}-subject`, expected: 'an attribute type and =' },
  },
  {
    format: 'aws-alb-verify',
    headers: { [`${alb}-serial-number`]: '01' },
    says: { status: 'error', field: `${alb}-issuer` },
  },
  {
    format: 'xfcc',
    headers: { [xfcc]: `Hash=${leafSha256};Cert="${escaped}"` },
    says: { ...certs, count: 1 },
  },
  {
    format: 'xfcc',
    headers: { [xfcc]: `By=a;Hash=x,URI=b;URI=c;DNS=d;Subject="CN=e"` },
    says: { status: 'elements', count: 2, element0: { by: ['a'], hash: 'x', uris: [], dns: [] } },
  },
  {
    format: 'xfcc',
    headers: { [xfcc]: 'Hash=abcdefg;Cert="abc"' },
    says: { status: 'elements', because: 'Hash: expected a SHA-256 fingerprint' },
  },
  { format: 'xfcc', headers: { [xfcc]: 'Cert="abc"' }, says: { status: 'error', field: 'Cert' } },
  {
    format: 'xfcc',
    headers: { [xfcc]: 'Cert="abc"' },
    grammarOnly: true,
    says: { status: 'elements' },
  },
  { format: 'xfcc', headers: { [xfcc]: 'foobar' }, says: { status: 'error' } },
  { format: 'xfcc', headers: {}, says: { status: 'absent' } },
  {
    format: 'traefik',
    headers: { 'X-Forwarded-Tls-Client-Cert': `${leaf},${intermediate}` },
    says: chained,
  },
  {
    format: 'traefik',
    headers: { 'X-Forwarded-Tls-Client-Cert-Info': 'x' },
    says: { status: 'error' },
  },
  { format: 'nginx-escaped', headers: { 'ssl-client-cert': escaped }, says: certs },
  { format: 'nginx-escaped', headers: { 'x-of-my-own': escaped }, says: certs },
  { format: 'nginx-escaped', headers: { 'ssl-client-cert': '' }, says: { status: 'absent' } },
  { format: 'base64-der', headers: { 'x-arr-clientcert': leaf }, says: certs },
  { format: 'base64-der', headers: { 'x-arr-clientcert': '' }, says: { status: 'absent' } },
  {
    format: 'base64-der',
    headers: { 'x-cert': leaf, 'x-chain': intermediate },
    headerNames: { cert: 'x-cert', chain: 'x-chain' },
    says: chained,
  },
  {
    format: 'base64-der',
    headers: { 'cf-client-cert-der-base64': leaf, 'cf-client-cert-sha256': leafSha256 },
    says: certs,
  },
  {
    format: 'base64-der',
    headers: { 'cf-client-cert-der-base64': leaf, 'cf-client-cert-sha256': '0'.repeat(64) },
    says: { status: 'error', field: 'cf-client-cert-sha256' },
  },
]

test.each(cases)('--batch: $format: $says', async ({ says, ...asked }) => {
  const [[answer], isUsable] = await answers({ id: 'a', ...asked, expect: 'passed over' })
  expect(answer).toMatchObject({ id: 'a', ...says })
  expect(isUsable).toBe(true)
})

test('--batch: one bad line costs one answer, in its place', async () => {
  const asked = { id: 'a', format: 'rfc9440', headers: {} }
  const [read, isUsable] = await answers(asked, 'x', { ...asked, format: 'iis' }, asked)
  expect(read).toMatchObject([
    { id: 'a', status: 'absent' },
    { line: 2, error: matching(/JSON/) },
    { line: 3, error: matching(/format/) },
    { id: 'a', status: 'absent' },
  ])
  expect(isUsable).toBe(false)
})

const line = JSON.stringify({ id: 'a', format: 'rfc9440', headers: { 'client-cert': field } })

const files = [
  { name: 'cases', content: `${line}\n${line}\n`, status: 0 },
  { name: 'a line that is no case', content: `${line}\n{}\n`, status: 2 },
]

test.each(files)('--batch FILE: $name: status $status', async ({ content, status }) => {
  const done = await runCli('inspect', '--batch', file('cases.jsonl', content))
  expect(done.stdout.trim().split('\n')).toHaveLength(2)
  expect(done.status).toBe(status)
})

test('--batch FILE: a missing file', async () => {
  const done = await runCli('inspect', '--batch', join(folder, 'missing.jsonl'))
  expect(done.stderr).toContain('missing.jsonl: there is no such file')
  expect(done.status).toBe(2)
})
