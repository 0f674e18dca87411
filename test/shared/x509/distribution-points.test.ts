import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { context, explicit, nothing, octets, sequence } from '../der/writer.ts'
import { createCa, extension, issue, name } from '../pki.ts'

const ca = await createCa()
const uri = context(6, octets(0x75, 0x3a))
const full = (...names: readonly Bytes[]) => explicit(0, explicit(0, ...names))
const repeat = (count: number, each: Bytes) => Array.from({ length: count }, () => each)

async function read(type: string, ...points: readonly Bytes[]) {
  const { der } = await issue(ca, { extensions: { points: extension(type, sequence(...points)) } })
  const parsed = parseCertificate(der)
  return parsed.ok ? parsed.value.extensions : parsed.error.expected
}

describe.each([
  { type: '2.5.29.31', field: 'crlDistributionPoints' },
  { type: '2.5.29.46', field: 'freshestCrl' },
])('$field (RFC 5280 4.2.1.13 and 4.2.1.15)', ({ type, field }) => {
  test('name, reasons and issuer', async () => {
    const issuer = explicit(4, name('Listing'))
    const point = sequence(full(uri), context(1, octets(6, 0x40)), explicit(2, issuer))
    const read1 = await read(type, point)
    expect(read1).toMatchObject({
      [field]: [
        { name: { kind: 'full', names: [uri] }, reasons: octets(0x40), crlIssuers: [issuer] },
      ],
    })
  })

  test.each([
    { title: 'no point', points: [], says: 'at least one DistributionPoint' },
    { title: 'an empty point', points: [sequence()], says: 'distributionPoint or cRLIssuer' },
    {
      title: 'reasons alone',
      points: [sequence(context(1, octets(6, 0x40)))],
      says: 'distributionPoint or cRLIssuer',
    },
    { title: 'no name', points: [sequence(full())], says: 'at least one GeneralName' },
    { title: 'no kind of name', points: [sequence(explicit(0, nothing))], says: 'fullName' },
    {
      title: '17 points',
      points: repeat(17, sequence(full(uri))),
      says: 'at most 16 distribution points',
    },
    { title: '33 names', points: [sequence(full(...repeat(33, uri)))], says: 'at most 32 names' },
  ])('refused: $title', async ({ points, says }) => {
    expect(await read(type, ...points)).toBe(says)
  })

  test('16 points of 32 names', async () => {
    const most = repeat(16, sequence(full(...repeat(32, uri))))
    expect(await read(type, ...most)).toHaveProperty(field)
  })
})
