import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { noOpenssl } from '../installed.ts'
import {
  anchorsPem,
  faults,
  good,
  inForce,
  ofEnded,
  revoked,
  type ShownDevice,
} from './publisher.ts'

/**
 * What `openssl verify -crl_check` makes of the faults of trust-stores.test.ts: the library that nginx,
 * HAProxy, Apache and mosquitto ask. Where it lets a revoked device in, or keeps a good one out, that is
 * expected here, so that docs/revocation.md says no more than what is so.
 */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'))

afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, pem: string): string {
  const path = join(folder, name)
  writeFileSync(path, pem)
  return path
}

/** What it says of a device: `in`, the number of its error, or why it could not look. */
function verified({ cert }: ShownDevice, lists: string, ...more: readonly string[]): string {
  const chain = file('leaf.pem', cert)
  const files = ['-CAfile', file('ca.pem', anchorsPem), '-CRLfile', file('crls.pem', lists)]
  const asked = ['verify', '-crl_check', ...files, '-untrusted', chain, ...more, chain]
  const { status, stderr } = spawnSync('openssl', asked, { encoding: 'utf8' })
  if (status === 0) return 'in'
  return (
    /error (\d+) at/.exec(stderr)?.[1] ??
    /Could not read|unable to load/i.exec(stderr)?.[0] ??
    stderr
  )
}

/** What it says of the good device and of the revoked one. */
const both = (lists: string, ...more: readonly string[]): readonly string[] =>
  [good, revoked].map(({ shown }) => verified(shown, lists, ...more))

describe.skipIf(noOpenssl)('openssl verify -crl_check', () => {
  test('a list in force: the revoked device is out', () => {
    expect(both(inForce)).toEqual(['in', '23'])
  })

  test.each<[string, string, readonly string[]]>([
    ['C6: a list that has ended keeps everybody out', faults.C6, ['12', '12']],
    ['C8: no list of the issuer keeps everybody out', faults.C8, ['3', '3']],
    ['C9: an older list in place of the newer lets the revoked device in', faults.C9, ['in', 'in']],
    ['C10: numbers are not looked at', faults.C10, ['in', 'in']],
    ['C11: of two lists of one instant the older may win', faults.C11, ['in', 'in']],
    ['C12 and C13: a delta that revokes is not looked at', faults.C13, ['in', 'in']],
    ['C14: a list of a named point keeps everybody out', faults.C14, ['44', '44']],
    ['C16: an empty list by mistake lets the revoked device in', faults.C16, ['in', 'in']],
    ['C17: a forged list keeps everybody out', faults.C17, ['8', '8']],
    ['C18: of an intermediate nothing is asked', faults.C18, ['in', '23']],
  ])('%s', (_name, lists, expected) => {
    expect(both(lists)).toEqual(expected)
  })

  test('C13: nor with -use_deltas, where no certificate names them', () => {
    expect(both(faults.C13, '-use_deltas')).toEqual(['in', 'in'])
  })

  test('C18: with -crl_check_all all below an intermediate that is revoked are out', () => {
    expect(both(faults.C18, '-crl_check_all')).toEqual(['23', '23'])
  })

  test('C19: an intermediate that has ended takes its devices with it', () => {
    expect(verified(ofEnded.shown, inForce)).toBe('10')
  })
})
