import { array, assert, constantFrom, integer, property, record, type Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { CertificateView } from '#shared/x509/certificate-view.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { context, explicit, octets, sequence } from '../der/writer.ts'
import { createCrl, entry, reason } from '../crls.ts'
import { altNames, basicConstraints, createCa, extension, issue, name } from '../pki.ts'

const ca = await createCa()
const names = altNames(context(2, octets(0x61)), context(7, octets(192, 0, 2, 1)))
const listing = explicit(4, name('Listing'))
const point = sequence(
  explicit(0, explicit(0, context(6, octets(0x75)))),
  context(1, octets(6, 0x40)),
  explicit(2, listing),
)
const points = extension('2.5.29.31', sequence(point, point))
const freshest = extension('2.5.29.46', sequence(point))
const leaf = await issue(ca, {
  extensions: { names, basicConstraints: basicConstraints(3), points, freshest },
})
const crl = await createCrl(ca, { entries: [entry([0x2a], reason(1)), entry([0x00, 0xd2, 0xab])] })

/** What is done to some bytes: a place (as a share of their length, in thousandths) and an octet. */
interface Edit {
  readonly kind: 'replace' | 'insert' | 'remove' | 'cut'
  readonly place: number
  readonly octet: number
}

const edit: Arbitrary<Edit> = record({
  kind: constantFrom('replace', 'insert', 'remove', 'cut'),
  place: integer({ min: 0, max: 999 }),
  octet: integer({ min: 0, max: 255 }),
})

function edited(bytes: Bytes, { kind, place, octet }: Edit): Bytes {
  const at = Math.floor((bytes.length * place) / 1000)
  if (kind === 'cut') return bytes.slice(0, at)
  const rest = kind === 'insert' ? bytes.subarray(at) : bytes.subarray(at + 1)
  return octets(...bytes.subarray(0, at), ...(kind === 'remove' ? [] : [octet]), ...rest)
}

/** Views are made when they are asked for: of what was read, none may fail then. */
function lookAtAll(read: unknown): void {
  if (!(read instanceof CertificateView)) return
  const { tbs, serial, signatureAlgorithm, issuer, subject, spki, signature } = read
  const { keyUsage, subjectKeyIdentifier, authorityKeyIdentifier } = read.extensions
  const { subjectAltNames, crlDistributionPoints, freshestCrl } = read.extensions
  const views = [tbs, serial, signatureAlgorithm, issuer, subject, spki, signature, keyUsage]
  const buffers = [...views, subjectKeyIdentifier, authorityKeyIdentifier]
    .filter((view) => view !== undefined)
    .map(({ buffer }) => buffer)
  expect(new Set(buffers)).toEqual(new Set([read.der.buffer]))
  expect(subjectAltNames?.all.length).not.toBe(0)
  expect(crlDistributionPoints?.length).not.toBe(0)
  expect(freshestCrl?.length).not.toBe(0)
}

test.each([
  { name: 'certificate', original: leaf.der, parse: parseCertificate },
  { name: 'CRL', original: crl, parse: parseCrl },
] as const)('any mutation of a $name is read or has a fault inside it', ({ original, parse }) => {
  const judge: (der: Bytes) => Result<unknown, DerFault> = parse
  expect(judge(original).ok).toBe(true)
  const inside = property(array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
    const bent = edits.reduce(edited, original)
    const result = judge(bent)
    if (result.ok) return lookAtAll(result.value)
    expect(result.error.offset).toBeGreaterThanOrEqual(0)
    expect(result.error.offset).toBeLessThanOrEqual(bent.length)
    expect(result.error.expected).not.toBe('')
  })
  assert(inside, { seed: 20_260_615, numRuns: 3000 })
})

test('every single octet of a certificate, replaced by a few others', () => {
  for (let place = 0; place < leaf.der.length; place += 1) {
    for (const octet of [0x00, 0x1f, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
      const bent = leaf.der.slice()
      bent[place] = octet
      const result = parseCertificate(bent)
      if (result.ok) lookAtAll(result.value)
      expect(result.ok || (result.error.offset >= 0 && result.error.offset <= bent.length)).toBe(
        true,
      )
    }
  }
})
