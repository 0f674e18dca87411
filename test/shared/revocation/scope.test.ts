import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { allReasons } from '#shared/revocation/reasons.ts'
import { questionOf, reasonsAnswered } from '#shared/revocation/scope.ts'
import { revocationStatus } from '#shared/revocation/status.ts'
import { createCrl, crlOf, entry, type CrlOverrides } from '../crls.ts'
import { bitString, boolean, context, explicit, nothing, octets, sequence } from '../der/writer.ts'
import { basicConstraints, certificateOf, createCa, extension, issue, name, noon } from '../pki.ts'

const ca = await createCa()
const flag = (number: number) => context(number, octets(0xff))
/** `distributionPoint [0]` of one directoryName, of a URI, or relative to the CRL issuer. */
const directory = (commonName: string) => explicit(4, name(commonName))
const full = (...names: readonly Bytes[]) => explicit(0, explicit(0, ...names))
const uri = (last: number) => context(6, octets(0x75, 0x3a, last))
const rdn = (commonName: string) => name(commonName).subarray(4)
const relative = (commonName: string) => explicit(0, explicit(1, rdn(commonName)))
/** keyCompromise, and everything else. */
const keyCompromise = octets(6, 0x40)
const others = octets(7, 0x3f, 0x80)

const idp = (...parts: readonly Bytes[]) => extension('2.5.29.28', sequence(...parts), 'critical')
const cdp = (...points: readonly Bytes[]) => extension('2.5.29.31', sequence(...points))
const point = (...parts: readonly Bytes[]) => sequence(...parts)

const scoped = (scope: Bytes, overrides: CrlOverrides = {}) =>
  createCrl(ca, { ...overrides, extensions: { ...overrides.extensions, scope } })

async function question(points: Bytes | undefined, isCa = false) {
  const constraints = isCa ? { basicConstraints: basicConstraints() } : {}
  const device = await issue(ca, { extensions: { points, ...constraints } })
  return questionOf(certificateOf(device))
}

describe('which reasons a list answers for (RFC 5280 6.3.3 (b) and (d))', () => {
  test.each([
    { title: 'all', scope: idp(flag(4)), answered: allReasons },
    { title: 'user certificates', scope: idp(flag(1)), answered: allReasons },
    { title: 'user certificates, of a CA', scope: idp(flag(1)), isCa: true, answered: 0 },
    { title: 'CA certificates', scope: idp(flag(2)), answered: 0 },
    { title: 'CA certificates, of a CA', scope: idp(flag(2)), isCa: true, answered: allReasons },
    { title: 'attribute certificates', scope: idp(flag(5)), answered: 0 },
    { title: 'key compromise', scope: idp(context(3, keyCompromise)), answered: 0x4000 },
    { title: 'a name, no point', scope: idp(full(uri(1))), answered: 0 },
    {
      title: 'the issuer’s own name, no point',
      scope: idp(full(directory('Root'))),
      answered: allReasons,
    },
    {
      title: 'the same URI',
      scope: idp(full(uri(1))),
      points: cdp(point(full(uri(1)))),
      answered: allReasons,
    },
    {
      title: 'another URI',
      scope: idp(full(uri(1))),
      points: cdp(point(full(uri(2)))),
      answered: 0,
    },
    {
      title: 'one of two URIs',
      scope: idp(full(uri(1), uri(3))),
      points: cdp(point(full(uri(2))), point(full(uri(4), uri(3)))),
      answered: allReasons,
    },
    {
      title: 'the same relative name',
      scope: idp(relative('a')),
      points: cdp(point(relative('a'))),
      answered: allReasons,
    },
    {
      title: 'another relative name',
      scope: idp(relative('a')),
      points: cdp(point(relative('b'))),
      answered: 0,
    },
    {
      title: 'a point of some reasons',
      scope: idp(full(uri(1))),
      points: cdp(point(full(uri(1)), context(1, others))),
      answered: 0x3f80,
    },
    {
      title: 'a list of another signer is not this issuer’s',
      scope: idp(full(uri(1)), flag(4)),
      points: cdp(point(full(uri(1)), explicit(2, directory('Other')))),
      answered: 0,
    },
  ])('$title: $answered', async ({ scope, points, isCa = false, answered }) => {
    const crl = crlOf(await scoped(scope))
    expect(reasonsAnswered(crl, await question(points, isCa))).toBe(answered)
  })

  test('a list of another issuer answers where point and list both say so', async () => {
    const other = await createCa({ subject: 'Other' })
    const asked = await question(cdp(point(explicit(2, directory('Other')))))
    const indirect = crlOf(await createCrl(other, { extensions: { scope: idp(flag(4)) } }))
    expect(reasonsAnswered(indirect, asked)).toBe(allReasons)
    expect(reasonsAnswered(indirect, await question(undefined))).toBe(0)
    expect(reasonsAnswered(crlOf(await createCrl(other)), asked)).toBe(0)
  })
})

describe('reasons merged until all are covered', () => {
  const some = idp(context(3, keyCompromise))
  const rest = idp(context(3, others))
  test.each([
    { title: 'some', scopes: [some], says: { status: 'unknown', gap: 'reasons_not_covered' } },
    { title: 'some and the rest', scopes: [some, rest], says: { status: 'good' } },
  ])('$title', async ({ scopes, says }) => {
    const crls = (await Promise.all(scopes.map((scope) => scoped(scope)))).map(crlOf)
    expect(revocationStatus(crls, await question(undefined), noon)).toMatchObject(says)
  })

  test('listed for one of the reasons is revoked', async () => {
    const crl = crlOf(await scoped(some, { entries: [entry([0x2a])] }))
    const asked = await question(undefined)
    expect(revocationStatus([crl], asked, noon)).toMatchObject({ status: 'revoked' })
  })
})

const of = (commonName: string) =>
  extension('2.5.29.29', sequence(directory(commonName)), 'critical')

describe('entries of an indirect CRL (RFC 5280 5.3.3)', () => {
  const entries = [entry([1]), entry([2], of('Other')), entry([3]), entry([4], of('Root'))]

  test('the issuer is carried forward', async () => {
    const crl = crlOf(await scoped(idp(flag(4)), { entries }))
    const asked = await question(undefined)
    const said = (serial: number, issuer: Bytes) => {
      const status = revocationStatus([crl], { ...asked, issuer, serial: octets(serial) }, noon)
      return status instanceof Promise ? 'later' : status.status
    }
    expect([1, 2, 3, 4].map((serial) => said(serial, name('Root')))).toEqual([
      'revoked',
      'good',
      'good',
      'revoked',
    ])
    expect([...crl.indexOfOthers.values()].map(({ size }) => size)).toEqual([2])
  })

  test('a list that does not say it is indirect', async () => {
    const parsed = parseCrl(await createCrl(ca, { entries }))
    expect(parsed).toMatchObject({
      error: { expected: 'certificateIssuer in an indirect CRL only' },
    })
  })
})

describe('issuing distribution points refused (RFC 5280 5.2.5)', () => {
  test.each([
    { title: 'empty', scope: idp(), says: 'an issuingDistributionPoint that is not empty' },
    { title: 'two kinds', scope: idp(flag(1), flag(2)), says: 'one kind of certificate at most' },
    {
      title: 'FALSE encoded',
      scope: idp(context(1, octets(0))),
      says: 'onlyContainsUserCerts as FF',
    },
    {
      title: 'FALSE encoded, tagged explicitly',
      scope: idp(explicit(1, boolean(0))),
      says: 'onlyContainsUserCerts as FF',
    },
    { title: 'no name', scope: idp(full()), says: 'at least one GeneralName' },
    { title: 'an unknown part', scope: idp(flag(6)), says: 'the end of the element' },
    { title: 'no DistributionPointName', scope: idp(explicit(0, nothing)), says: 'fullName' },
    {
      title: 'reasons of another tag',
      scope: idp(bitString(octets(0x40), 6)),
      says: 'the end of the element',
    },
  ])('$title', async ({ scope, says }) => {
    expect(parseCrl(await scoped(scope))).toMatchObject({ error: { expected: says } })
  })

  test('a flag tagged explicitly means the same', async () => {
    expect(crlOf(await scoped(idp(explicit(1, boolean(0xff))))).scope?.only).toBe('user')
  })
})
