import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { checkRequest, type RequestWanted } from '#shared/enrollment/check-request.ts'
import { profiles } from '#shared/enrollment/profile.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import {
  bitString,
  context,
  explicit,
  integer,
  octets,
  oid,
  sequence,
  set,
  utf8String,
} from '../der/writer.ts'
import { sameKeys } from '../keys.ts'
import { altNames, certificateOf, createCa, extension, issue, name, noon } from '../pki.ts'
import { toUtf8 } from '#shared/bytes.ts'

const keys = await sameKeys('P-256')
const root = await createCa()
const wanted: RequestWanted = {
  profile: profiles.device,
  now: noon,
  verifier: createWebCryptoVerifier(),
}

interface Parts {
  readonly subject?: Bytes
  readonly spki?: Bytes
  readonly extensions?: readonly Bytes[]
}

async function request({ subject, spki, extensions = [] }: Parts = {}): Promise<Bytes> {
  const wish = sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions)))
  const attributes = extensions.length === 0 ? explicit(0) : explicit(0, wish)
  const info = sequence(integer(0), subject ?? name('car-0001'), spki ?? keys.spki, attributes)
  return sequence(info, keys.algorithm, bitString(await keys.sign(info)))
}

async function codesOf(
  parts: Parts,
  more: Partial<RequestWanted> = {},
): Promise<readonly string[]> {
  const { findings } = await checkRequest(await request(parts), { ...wanted, ...more })
  return findings.map(({ code }) => code)
}

test('a good request: who asks, and with which key', async () => {
  const checked = await checkRequest(await request(), wanted)
  expect(checked).toMatchObject({ device: 'car-0001', findings: [] })
  expect(checked.keySha256).toMatch(/^[0-9a-f]{64}$/)
  expect(checked.request?.subject).toEqual(name('car-0001'))
})

const other = (text: string) => altNames(explicit(0, oid('1.2.3'), explicit(0, utf8String(text))))
const dns = (text: string) => altNames(context(2, toUtf8(text)))

describe('RFC 7030 4.2.2: names of a re-enrolment are those of the current certificate', () => {
  const cases = [
    { name: 'the same', subject: 'car-0001', san: 'a.example', found: [] },
    { name: 'another subject', subject: 'car-0002', san: 'a.example', found: ['csr.sameSubject'] },
    { name: 'another name', subject: 'car-0001', san: 'b.example', found: ['csr.sameSubject'] },
    { name: 'no name', subject: 'car-0001', san: undefined, found: ['csr.sameSubject'] },
    {
      name: 'both',
      subject: 'car-0002',
      san: undefined,
      found: ['csr.sameSubject', 'csr.sameSubject'],
    },
  ] as const

  test.each(cases)('$name', async ({ subject, san, found }) => {
    const current = certificateOf(await issue(root, { extensions: { names: dns('a.example') } }))
    const extensions = san === undefined ? [] : [dns(san)]
    expect(await codesOf({ subject: name(subject), extensions }, { current })).toEqual(found)
  })

  test('a name of another form than the four is compared as well', async () => {
    const current = certificateOf(await issue(root, { extensions: { names: other('a') } }))
    expect(await codesOf({ extensions: [other('a')] }, { current })).toEqual([])
    expect(await codesOf({ extensions: [other('b')] }, { current })).toEqual(['csr.sameSubject'])
  })
})

describe('whose key and whose name', () => {
  test.each([
    { name: 'its own', device: 'car-0001', owner: undefined, found: [] },
    { name: 'its own, known before', device: 'car-0001', owner: 'car-0001', found: [] },
    { name: 'a clone’s', device: 'car-0001', owner: 'car-0002', found: ['key.reuse'] },
    { name: 'another device’s name', device: 'car-0002', owner: undefined, found: ['csr.id'] },
  ])('$name', async ({ device, owner, found }) => {
    expect(await codesOf({}, { device, isKnownKey: () => owner })).toEqual(found)
  })

  test('a denied key, asked for by its hash', async () => {
    const { keySha256 } = await checkRequest(await request(), wanted)
    const isDenied = (sha256: string) => sha256 === keySha256
    expect(await codesOf({}, { isDenied })).toEqual(['key.weak.denied'])
  })
})

test('a profile’s severities: changed, or off; the gravest come first', async () => {
  const spaced = { subject: name('car  1'), extensions: [dns('*.example')] }
  expect(await codesOf(spaced)).toEqual(['name.wildcard', 'name.spaces'])
  const severities = { 'name.wildcard': 'off', 'name.spaces': 'error' } as const
  const { findings } = await checkRequest(await request(spaced), {
    ...wanted,
    profile: { ...profiles.device, severities },
  })
  expect(findings).toMatchObject([{ code: 'name.spaces', severity: 'error' }])
})

describe('what costs is bounded', () => {
  test('no signature is asked for with a key beyond the bounds', async () => {
    const modulus = new Uint8Array(2049).fill(0xff)
    modulus[0] = 0
    const number = sequence(integer(...modulus), integer(1, 0, 1))
    const spki = sequence(
      sequence(oid('1.2.840.113549.1.1.1'), octets(0x05, 0x00)),
      bitString(number),
    )
    let asked = 0
    const verifier = {
      verify: () => {
        asked += 1
        return true
      },
    }
    expect(await codesOf({ spki }, { verifier })).toEqual(['key.size'])
    expect(asked).toBe(0)
  })

  test('a request of more octets than any device sends is not read', async () => {
    const huge = await request({ extensions: [extension('1.2.3', new Uint8Array(140_000))] })
    const { request: read, findings } = await checkRequest(huge, wanted)
    expect(read).toBeUndefined()
    expect(findings).toMatchObject([{ code: 'der.malformed', wanted: 'at most 131072' }])
  })

  test('a name of a thousand faults has a hundred findings', async () => {
    const spaced = set(sequence(oid('2.5.4.11'), utf8String(' ')))
    const subject = sequence(...Array.from({ length: 1000 }, () => spaced))
    const { findings } = await checkRequest(await request({ subject }), wanted)
    expect(findings).toHaveLength(100)
    expect(findings[0]?.severity).toBe('error')
  })

  test('what is told of a name is cut, and harmless for a terminal', async () => {
    const subject = name(`\u001B[31m${'x'.repeat(1000)}`)
    const { findings } = await checkRequest(await request({ subject }), wanted)
    const told = findings.find(({ code }) => code === 'name.characters')
    expect(told?.found.startsWith('\\u{1b}[31mxxx')).toBe(true)
    expect(told?.found.length).toBeLessThan(300)
  })
})
