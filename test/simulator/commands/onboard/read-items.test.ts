import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromIso } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { p256Keys } from '#simulator/commands/onboard/corpus/keys.ts'
import {
  authority,
  certificate,
  commonName,
  nameOf,
  request,
} from '#simulator/commands/onboard/corpus/maker.ts'
import { readItems } from '#simulator/commands/onboard/read-items.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'items-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const now = instantFromIso('2026-11-22T12:00:00Z')
const ca = { name: nameOf(commonName('CA')), keys: p256Keys() }
const csr = request('a')
const [leaf, other, issuer] = [
  certificate('a', ca, now),
  certificate('b', ca, now),
  authority(ca, ca, now),
]

function pem(label: string, der: Bytes): string {
  const lines = toBase64(der).replaceAll(/.{64}/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

const line = (value: unknown) => `${JSON.stringify(value)}\n`

const cases = [
  { name: 'a request in DER', file: 'a.csr', octets: csr, told: ['a.csr request 1'] },
  { name: 'a certificate in DER', file: 'a.cer', octets: leaf, told: ['a.cer certificate 1'] },
  {
    name: 'a chain in PKCS #7',
    file: 'a.p7c',
    octets: writeCertsOnly([leaf, issuer]),
    told: ['a.p7c chain 2'],
  },
  {
    name: 'PEM with notes, a key and line ends of another system',
    file: 'a.pem',
    octets: `Subject: a\r\n${pem('PRIVATE KEY', csr)}${pem('CERTIFICATE REQUEST', csr)}`.replaceAll(
      '\n',
      '\r\n',
    ),
    told: ['a.pem:9 request 1'],
  },
  {
    name: 'two devices and their issuer',
    file: 'ab.pem',
    octets: pem('CERTIFICATE', leaf) + pem('CERTIFICATE', other) + pem('CERTIFICATE', issuer),
    told: ['ab.pem:1 certificate 1', 'ab.pem:13 chain 2'],
  },
  {
    name: 'PKCS #7 in PEM',
    file: 'p7.pem',
    octets: pem('PKCS7', writeCertsOnly([leaf])),
    told: ['p7.pem:1 certificate 1'],
  },
  {
    name: 'a private key alone',
    file: 'key.pem',
    octets: pem('PRIVATE KEY', csr),
    told: ['key.pem:1 expected DER, or PEM blocks of CERTIFICATE REQUEST, CERTIFICATE or PKCS7'],
  },
  {
    name: 'a file that was cut short: what is whole is checked, and the rest is told',
    file: 'cut.pem',
    octets: pem('CERTIFICATE REQUEST', csr) + pem('CERTIFICATE REQUEST', csr).slice(0, -20),
    told: [
      `cut.pem:${pem('CERTIFICATE REQUEST', csr).split('\n').length} expected -----END CERTIFICATE REQUEST-----`,
      'cut.pem:1 request 1',
    ],
  },
  {
    name: 'a block inside of a block, and one that ends as another',
    file: 'nested.pem',
    octets: `-----BEGIN CERTIFICATE-----\n${pem('CERTIFICATE', leaf)}-----BEGIN CERTIFICATE-----\n-----END PKCS7-----\n`,
    told: [
      'nested.pem:1 expected -----END CERTIFICATE----- behind this block',
      `nested.pem:${pem('CERTIFICATE', leaf).split('\n').length + 1} expected -----END CERTIFICATE-----`,
      'nested.pem:2 certificate 1',
    ],
  },
  {
    name: 'a message that holds no certificates, beside a request',
    file: 'cms.pem',
    octets: pem('PKCS7', csr) + pem('CERTIFICATE REQUEST', csr),
    told: ['cms.pem:1 expected certificates in this message', 'cms.pem:'],
  },
  {
    name: 'PEM behind a byte order mark',
    file: 'bom.pem',
    octets: `\ufeff${pem('CERTIFICATE REQUEST', csr)}`,
    told: ['bom.pem:1 request 1'],
  },
  {
    name: 'bare base64, as EST has it',
    file: 'a.b64',
    octets: `${toBase64(csr)}\r\n`,
    told: ['a.b64 request 1'],
  },
  {
    name: 'a line without a name',
    file: 'unnamed.jsonl',
    octets: line({ csr: toBase64(csr) }),
    told: ['unnamed.jsonl:1 request 1'],
  },
  {
    name: 'lines',
    file: 'a.jsonl',
    octets:
      line({ id: 1, csr: toBase64(csr) }) +
      line({ id: 'x', certificate: pem('CERTIFICATE', leaf) }) +
      '\n' +
      line({ id: 'y', chain: [leaf, issuer].map(toBase64), note: 'passed over' }) +
      line({ id: 'z', chain: pem('CERTIFICATE', leaf) + pem('CERTIFICATE', issuer) }),
    told: ['1 request 1', 'x certificate 1', 'y chain 2', 'z chain 2'],
  },
  {
    name: 'lines that are none',
    file: 'b.jsonl',
    octets:
      line({ id: 'x' }) +
      '{\n' +
      line({ id: 'y', csr: '!' }) +
      line({ id: ['v'], csr: toBase64(csr) }) +
      line({ id: 'w', csr: toBase64(csr), certificate: toBase64(leaf) }),
    told: [
      'b.jsonl:1 the line: expected one of csr, certificate and chain',
      'b.jsonl:2 this is not JSON: Expected property name',
      'b.jsonl:3 csr: expected base64 of DER, or one PEM block',
      'b.jsonl:4 id: expected a text or a number',
      'b.jsonl:5 the line: expected one of csr, certificate and chain',
    ],
  },
]

async function toldOf(path: string): Promise<readonly string[]> {
  const told: string[] = []
  for await (const item of readItems(path, 'by-name')) {
    const own = (text: string) => text.replace(`${directory}/`, '')
    if ('error' in item) told.push(`${own(item.file)}:${item.line} ${item.error}`)
    else told.push(`${own(item.id)} ${item.kind} ${item.ders.length}`)
  }
  return told
}

test.each(cases)('$name', async ({ file, octets, told }) => {
  const path = join(directory, file)
  await writeFile(path, octets)
  const got = await toldOf(path)
  expect(got.map((text, at) => text.slice(0, told[at]?.length ?? 0))).toEqual(told)
})

test('a directory: files of its names and below, in order; others are passed over', async () => {
  const root = join(directory, 'line-4')
  await mkdir(join(root, 'monday'), { recursive: true })
  await writeFile(join(root, 'b.csr'), csr)
  await writeFile(join(root, 'notes.txt'), 'none')
  await writeFile(join(root, 'monday', 'a.CER'), leaf)
  expect(await toldOf(root)).toEqual([
    'line-4/b.csr request 1',
    'line-4/monday/a.CER certificate 1',
  ])
})

test('a directory of nothing to check is told, and no success', async () => {
  const root = join(directory, 'empty')
  await mkdir(root)
  await expect(toldOf(root)).rejects.toThrow('it holds no file that ends in .pem')
})
