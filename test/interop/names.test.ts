import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { attributeNames } from '#shared/wire/name-attributes.ts'
import { legacyName, rfc2253Name } from '#shared/wire/names.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { awkwardName } from './awkward-names.ts'
import { nameDer, unsignedCertificate, type Attribute } from './der-writer.ts'
import { noOpenssl } from '../installed.ts'

/** Another seed of the same test: SALLYPORT_SEED=7 npx vitest run test/interop/names.test.ts */
const seed = Number(process.env['SALLYPORT_SEED'] ?? 20_261_122)
/** Two calls for each two names: the thousand are compared in another test, in RFC 2253's form alone. */
const nameCount = 60

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' })

/** Every type of the table, ten to a name. */
const types = [...attributeNames.keys()]
const tableNames = types
  .filter((_, at) => at % 10 === 0)
  .map((_, tens) => nameDer([types.slice(10 * tens, 10 * tens + 10).map(letterA)]))

function letterA(oid: string): Attribute {
  return { type: oid, tag: 0x0c, content: [0x61] }
}

/** Values that are no strings, and a type too long for OpenSSL's buffer. */
const oddNames = [
  [{ type: '2.5.4.45', tag: 0x03, content: [1, 0xfe] }],
  [{ type: '2.5.4.10', tag: 0x30, content: [5, 0] }],
  [letterA(`2.25${'.1234567890'.repeat(8)}`)],
].map((attributes) => nameDer([attributes]))

/** Names that OpenSSL does not let into a certificate at all; nor do we write them. */
const refusedNames = [
  { why: 'half a UTF-8 sequence', tag: 0x0c, content: [0xc3] },
  { why: 'a surrogate', tag: 0x1e, content: [0xd8, 0x3d] },
  { why: 'half a character', tag: 0x1e, content: [0] },
  { why: 'a number beyond Unicode', tag: 0x1c, content: [0, 0x11, 0, 0] },
]

interface Printed {
  readonly der: Bytes
  readonly rfc2253: string
  readonly legacy: string
}

const run = promisify(execFile)

/** Two names in one certificate, so that one call prints both. */
async function printPair(subject: Bytes, issuer: Bytes): Promise<Printed[]> {
  const pem = encodePem('CERTIFICATE', unsignedCertificate(subject, issuer))
  const [rfc2253, compat] = [await print(pem, 'RFC2253'), await print(pem, 'compat')]
  return [
    { der: subject, rfc2253: rfc2253.subject, legacy: compat.subject },
    { der: issuer, rfc2253: rfc2253.issuer, legacy: compat.issuer },
  ]
}

async function print(pem: string, nameopt: string): Promise<{ subject: string; issuer: string }> {
  const child = run('openssl', ['x509', '-noout', '-subject', '-issuer', '-nameopt', nameopt])
  child.child.stdin?.end(pem)
  const lines = (await child).stdout.split('\n')
  return { subject: after(lines[0], 'subject='), issuer: after(lines[1], 'issuer=') }
}

function after(line: string | undefined, label: string): string {
  if (line?.startsWith(label) !== true) throw new Error(`openssl printed ${line} for ${label}`)
  return line.slice(label.length)
}

async function printAll(ders: readonly Bytes[]): Promise<Printed[]> {
  const printed: Printed[] = []
  for (let at = 0; at < ders.length; at += 2) {
    const subject = ders[at] ?? nameDer([])
    printed.push(...(await printPair(subject, ders[at + 1] ?? subject)))
  }
  return printed
}

/** One line for each name: the seed, the DER, and both texts. A failing run shows the lines that differ. */
const lineOf = ({ der, rfc2253, legacy }: Printed): string =>
  `seed ${seed} Name ${toHex(der)}: ${rfc2253} ${legacy}`

function ours({ der }: Printed): string {
  const [rfc2253, legacy] = [rfc2253Name(der), legacyName(der)]
  return rfc2253.ok && legacy.ok
    ? lineOf({ der, rfc2253: rfc2253.value, legacy: legacy.value })
    : `seed ${seed} Name ${toHex(der)}: refused`
}

const reason = noOpenssl ? ' (skipped: no openssl command)' : ''

describe.skipIf(noOpenssl)(`names as ${version.stdout?.trim()} prints them${reason}`, () => {
  test('every type that has a name', { timeout: 60_000 }, async () => {
    const printed = await printAll(tableNames)
    expect(printed.map(ours)).toEqual(printed.map(lineOf))
  })

  test('values that are no strings', { timeout: 60_000 }, async () => {
    const printed = await printAll(oddNames)
    expect(printed.map(ours)).toEqual(printed.map(lineOf))
  })

  test.each(refusedNames)('both refuse $why', async ({ tag, content }) => {
    const der = nameDer([[{ type: '2.5.4.3', tag, content }]])
    await expect(printPair(der, der)).rejects.toThrow(/Unable to load|Could not/)
    expect(rfc2253Name(der).ok).toBe(false)
    expect(legacyName(der).ok).toBe(false)
  })

  test(`${nameCount} awkward names of seed ${seed}`, { timeout: 60_000 }, async () => {
    const ders = fc.sample(awkwardName, { seed, numRuns: nameCount })
    const printed = await printAll(ders)
    expect(printed.map(ours)).toEqual(printed.map(lineOf))
  })
})
