import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { noOpenssl } from '../installed.ts'
import { dayMs } from '../runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../shared/crls.ts'
import { context, explicit, integer, sequence } from '../shared/der/writer.ts'
import { createCa, extension, issue } from '../shared/pki.ts'

/**
 * What `openssl verify -crl_check` makes of the faults of trust-stores.test.ts: the library that nginx,
 * HAProxy, Apache and mosquitto ask. Where it lets a revoked device in, or keeps a good one out, that is
 * expected here, so that docs/revocation.md says no more than what is so.
 */
const now = instantFromMs(Date.now())
const valid = { notBefore: shift(now, -dayMs), notAfter: shift(now, 30 * dayMs) }
const ca = await createCa(valid)
const good = await issue(ca, { serial: [0x40, 1], ...valid })
const revoked = await issue(ca, { serial: [0x40, 2], ...valid })
const listed = [entry([0x40, 2])]
const folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'))

afterAll(() => rmSync(folder, { recursive: true }))

const list = (overrides: CrlOverrides = {}): Promise<Bytes> =>
  createCrl(ca, {
    thisUpdate: shift(now, -dayMs),
    nextUpdate: shift(now, dayMs),
    number: 5,
    entries: listed,
    ...overrides,
  })

function file(name: string, pem: string): string {
  const path = join(folder, name)
  writeFileSync(path, pem)
  return path
}

function crlPem(der: Bytes): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n')
}

/** What it says of both devices. */
function verified(crls: readonly Bytes[], ...more: readonly string[]): readonly string[] {
  const anchor = file('ca.pem', toPem('CERTIFICATE', ca.der))
  const lists = crls.length === 0 ? [] : ['-CRLfile', file('crls.pem', crls.map(crlPem).join(''))]
  return [good, revoked].map(({ der }) => {
    const leaf = file('leaf.pem', toPem('CERTIFICATE', der))
    const asked = ['verify', '-crl_check', '-CAfile', anchor, ...lists, ...more, leaf]
    const { status, stderr } = spawnSync('openssl', asked, { encoding: 'utf8' })
    return status === 0 ? 'in' : (/error (\d+) at/.exec(stderr)?.[1] ?? stderr)
  })
}

describe.skipIf(noOpenssl)('openssl verify -crl_check', () => {
  test('a list in force: the revoked device is out', async () => {
    expect(verified([await list()])).toEqual(['in', '23'])
  })

  test('C6: a list that has ended keeps everybody out', async () => {
    expect(verified([await list({ nextUpdate: shift(now, -3_600_000) })])).toEqual(['12', '12'])
  })

  test('C8: no list keeps everybody out', () => {
    expect(verified([])).toEqual(['3', '3'])
  })

  test('C9: an older list in place of the newer lets the revoked device in', async () => {
    expect(verified([await list({ number: 4, entries: [] })])).toEqual(['in', 'in'])
  })

  test('C11: of two lists of one instant the older may win, and lets the revoked device in', async () => {
    const [older, newer] = [await list({ number: 4, entries: [] }), await list({ number: 5 })]
    expect(verified([older, newer])).toEqual(['in', 'in'])
  })

  test('C12 and C13: a delta that revokes is not looked at', async () => {
    const base = extension('2.5.29.27', integer(5), 'critical')
    const delta = await list({ number: 6, extensions: { base } })
    expect(verified([await list({ entries: [] }), delta])).toEqual(['in', 'in'])
    expect(verified([await list({ entries: [] }), delta], '-use_deltas')).toEqual(['in', 'in'])
  })

  test('C14: a list of a named point keeps everybody out whose certificate names none', async () => {
    const point = explicit(0, context(6, toUtf8('http://crl.example/2')))
    const idp = extension('2.5.29.28', sequence(explicit(0, point)), 'critical')
    expect(verified([await list({ extensions: { idp } })])).toEqual(['44', '44'])
  })

  test('C16: an empty list by mistake lets the revoked device in', async () => {
    expect(verified([await list({ number: 6, entries: [] })])).toEqual(['in', 'in'])
  })
})
