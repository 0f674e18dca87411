import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate as PeculiarCertificate, X509Crl, X509CrlReason } from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instantFromIso as at, shift } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { loadAuthority, saveAuthority } from '#simulator/ca/store.ts'
import { noOpenssl } from '../../installed.ts'

const start = at('2027-01-01T00:00:00Z')
const end = at('2027-01-29T00:00:00Z')
const weekMs = 604_800_000
const directory = mkdtempSync(join(tmpdir(), 'sallyport-ca-'))
afterAll(() => rmSync(directory, { recursive: true }))

const request = (device: string) => ({
  device,
  kind: 'car',
  notBefore: start,
  notAfter: end,
  at: start,
})

const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

/** What `openssl verify` says of a chain at an instant, with CRLs of the whole chain when given. */
function opensslVerify(
  credential: DeviceCredential,
  anchors: string,
  seconds: number,
  crls: readonly Uint8Array[] = [],
): string {
  const crlPem = crls.map((der) => toPem('CERTIFICATE', der).replaceAll('CERTIFICATE', 'X509 CRL'))
  const crlArguments = ['-crl_check_all', '-CRLfile', file('crls.pem', crlPem.join(''))]
  const parameters = [
    'verify',
    '-x509_strict',
    '-purpose',
    'sslclient',
    '-attime',
    String(seconds),
    ...(crls.length > 0 ? crlArguments : []),
    '-CAfile',
    file('anchors.pem', anchors),
    '-untrusted',
    file('intermediate.pem', toPem('CERTIFICATE', credential.intermediateDer)),
    file('leaf.pem', toPem('CERTIFICATE', credential.leafDer)),
  ]
  try {
    return execFileSync('openssl', parameters, { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (error) {
    return String(Reflect.get(error as object, 'stderr'))
  }
}

let ledger: Ledger
let authority: Authority
let car: DeviceCredential

beforeAll(async () => {
  ledger = new Ledger()
  authority = await createAuthority({ seed: 42, start, intermediates: 2, ledger })
  car = await authority.issue(request('car-0001'))
})

describe('a device credential', () => {
  test.skipIf(noOpenssl).each([
    { name: 'the second before it starts', seconds: start / 1000 - 1, says: /not yet valid/ },
    { name: 'the second it starts', seconds: start / 1000, says: /OK$/ },
    // The last second itself belongs to the period (RFC 5280 4.1.2.5), but not for X509_cmp_time.
    { name: 'a second before it ends', seconds: end / 1000 - 1, says: /OK$/ },
    { name: 'the second after it ended', seconds: end / 1000 + 1, says: /has expired/ },
  ])('openssl in strict mode, $name: $says', ({ seconds, says }) => {
    expect(opensslVerify(car, authority.anchorsPem, seconds)).toMatch(says)
  })

  test.skipIf(noOpenssl)('carries the profile of a client (RFC 5280 4.2)', () => {
    const certificate = new X509Certificate(car.leafDer)
    expect(certificate.subject).toBe('O=Sallyport Fleet\nCN=car-0001')
    expect(certificate.subjectAltName).toBe(
      'URI:spiffe://fleet.sallyport.example/car/car-0001, DNS:car-0001.fleet.sallyport.example',
    )
    expect(certificate.ca).toBe(false)
    expect(certificate.serialNumber).toBe(car.serial)
    expect(certificate.checkPrivateKey(createPrivateKey(car.keyPem))).toBe(true)
    const text = opensslText(car.leafDer)
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/)
    expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Client Authentication\n/)
  })

  test('reads the same in a library that shares no code with the writer', () => {
    const certificate = new PeculiarCertificate(car.leafDer)
    expect(certificate.serialNumber.toUpperCase()).toBe(car.serial)
    expect(certificate.notBefore.getTime()).toBe(start)
    expect(certificate.notAfter.getTime()).toBe(end)
    const types = certificate.extensions.map(({ type, critical }) => `${type} ${critical}`)
    expect(types).toEqual([
      '2.5.29.19 true',
      '2.5.29.15 true',
      '2.5.29.37 false',
      '2.5.29.14 false',
      '2.5.29.35 false',
      '2.5.29.17 false',
    ])
  })

  test('has a positive serial of 16 octets that the seed alone decides', async () => {
    const again = await createAuthority({ seed: 42, start, intermediates: 2, ledger: new Ledger() })
    await again.issue(request('car-0009'))
    expect((await again.issue(request('car-0001'))).serial).toBe(car.serial)
    const next = await again.issue(request('car-0001'))
    expect(next.serial).not.toBe(car.serial)
    expect(next.serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  test('stands in the ledger, dated in whole seconds', async () => {
    const late = shift(end, 999)
    const odd = { ...request('car-0002'), notBefore: shift(start, 1), notAfter: late, at: late }
    const credential = await authority.issue(odd)
    const { issuer, serial } = credential
    expect(ledger.certificate(serial)).toEqual({
      serial,
      issuer,
      device: 'car-0002',
      notBefore: start,
      notAfter: end,
      issuedAt: late,
    })
    expect([credential.notBefore, credential.notAfter]).toEqual([start, end])
  })

  test.skipIf(noOpenssl)('every intermediate signs some devices, and its chain holds', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `meter-${index}`)
    const credentials = await Promise.all(names.map((name) => authority.issue(request(name))))
    expect(new Set(credentials.map(({ issuer }) => issuer))).toEqual(
      new Set(['issuing-1', 'issuing-2']),
    )
    for (const credential of credentials) {
      expect(opensslVerify(credential, authority.anchorsPem, start / 1000)).toMatch(/OK$/)
    }
  })

  test('its PEM never has an empty line, whatever the length of its name', async () => {
    const names = Array.from({ length: 50 }, (_, length) => 'x'.repeat(length + 1))
    for (const name of names) {
      expect((await authority.issue(request(name))).chainPem).not.toMatch(/\n\n/)
    }
  })
})

describe('revocation', () => {
  const revokedAt = at('2027-01-10T12:00:00Z')

  test.skipIf(noOpenssl)(
    'shows in the next CRL of its issuer, and openssl refuses that leaf only',
    async () => {
      const [bad, good] = await Promise.all([
        authority.issue(request('car-0003')),
        authority.issue(request('car-0004')),
      ])
      const before = await authority.crls(revokedAt, weekMs)
      authority.revoke(bad.serial, revokedAt, 'keyCompromise')
      const after = await authority.crls(revokedAt, weekMs)
      const says = (credential: DeviceCredential, crls: typeof after) =>
        opensslVerify(
          credential,
          authority.anchorsPem,
          revokedAt / 1000,
          crls.map(({ der }) => der),
        )
      expect(says(bad, before)).toMatch(/OK$/)
      expect(says(bad, after)).toMatch(/certificate revoked/)
      expect(says(good, after)).toMatch(/OK$/)
      expect(ledger.revocation(bad.serial)).toEqual({
        serial: bad.serial,
        revokedAt,
        reason: 'keyCompromise',
        publishedAt: undefined,
        stretches: [],
      })
    },
  )

  test('CRLs have names, bounds, growing numbers, reasons and key identifiers', async () => {
    const { serial, issuer } = await authority.issue(request('car-0005'))
    authority.revoke(serial, revokedAt, 'privilegeWithdrawn')
    const first = await authority.crls(revokedAt, weekMs)
    const second = await authority.crls(shift(revokedAt, 1000), weekMs)
    expect(first.map(({ name }) => name)).toEqual(['root.crl', 'issuing-1.crl', 'issuing-2.crl'])
    const [older, newer] = [first, second].map((crls) => {
      return new X509Crl(crls.find((crl) => crl.issuer === issuer)?.der ?? new Uint8Array())
    })
    expect(crlNumber(newer)).toBe(crlNumber(older) + 1)
    expect(newer?.nextUpdate?.getTime()).toBe(shift(revokedAt, 1000 + weekMs))
    expect(newer?.findRevoked(serial)?.reason).toBe(X509CrlReason.privilegeWithdrawn)
    expect(newer?.findRevoked(serial)?.revocationDate.getTime()).toBe(revokedAt)
    expect(newer?.getExtension('2.5.29.35')).not.toBeNull()
  })

  test('twice of one certificate counts once', async () => {
    const { serial } = await authority.issue(request('car-0006'))
    authority.revoke(serial, revokedAt, 'keyCompromise')
    authority.revoke(serial, shift(revokedAt, 1), 'cessationOfOperation')
    expect(ledger.revocation(serial)?.reason).toBe('keyCompromise')
    await expect(authority.crls(revokedAt, weekMs)).resolves.toHaveLength(3)
  })

  test('of a serial that was never issued is an error', () => {
    expect(() => authority.revoke('40', revokedAt, 'keyCompromise')).toThrow(/never issued/)
  })
})

describe('a forged credential', () => {
  test.skipIf(noOpenssl)(
    'copies names, serial and key identifiers, but no signature holds',
    async () => {
      const { device, kind, notBefore, notAfter } = request('car-0001')
      const forged = await authority.forge({
        device,
        kind,
        serial: car.serial,
        notBefore,
        notAfter,
      })
      const [real, copy] = [car, forged].map(({ leafDer }) => new X509Certificate(leafDer))
      expect(copy?.subject).toBe(real?.subject)
      expect(copy?.issuer).toBe(real?.issuer)
      expect(copy?.serialNumber).toBe(real?.serialNumber)
      const keyIds = [car, forged].map(({ intermediateDer }) => {
        return new PeculiarCertificate(intermediateDer).getExtension('2.5.29.14')?.rawData
      })
      expect(keyIds[1]).toEqual(keyIds[0])
      expect(opensslVerify(forged, authority.anchorsPem, start / 1000)).toMatch(/signature failure/)
      expect(ledger.certificate(forged.serial)?.device).toBe('car-0001')
    },
  )

  test('whole by itself: only the anchor is another', async () => {
    const { device, kind, notBefore, notAfter } = request('car-0001')
    const forged = await authority.forge({ device, kind, serial: car.serial, notBefore, notAfter })
    const issuer = new X509Certificate(forged.intermediateDer)
    expect(new X509Certificate(forged.leafDer).verify(issuer.publicKey)).toBe(true)
  })
})

describe('a saved authority', () => {
  test.skipIf(noOpenssl)(
    'goes on where it stopped: same keys, new serials, growing CRL numbers',
    async () => {
      const home = join(directory, 'saved')
      const before = await authority.crls(start, weekMs)
      await saveAuthority(authority, home)
      const loaded = await loadAuthority(home, new Ledger())
      expect(loaded.anchorsPem).toBe(authority.anchorsPem)
      const renewed = await loaded.issue(request('car-0001'))
      expect(renewed.serial).not.toBe(car.serial)
      expect(opensslVerify(renewed, authority.anchorsPem, start / 1000)).toMatch(/OK$/)
      const [, crl] = await loaded.crls(start, weekMs)
      const [, last] = before.map(({ der }) => new X509Crl(der))
      const next = new X509Crl(crl?.der ?? new Uint8Array())
      expect(crlNumber(next)).toBe(crlNumber(last) + 1)
      expect(next.entries).toHaveLength(last?.entries.length ?? -1)
    },
  )

  test('keeps its keys to its owner', async () => {
    const home = join(directory, 'kept')
    await saveAuthority(authority, home)
    const modes = ['root', 'issuing-1', 'issuing-2'].map(
      (name) => statSync(join(home, `${name}.key.pem`)).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })
})

test('the server credential of the front: its own root, loopback names, the bounds it was given', async () => {
  const server = await createServerCredential({ notBefore: start, notAfter: end })
  const [leaf, root] = [server.certPem, server.caPem].map((pem) => new X509Certificate(pem))
  expect(leaf?.verify(root?.publicKey ?? createPrivateKey(server.keyPem))).toBe(true)
  expect(leaf?.checkHost('localhost')).toBe('localhost')
  expect(leaf?.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(leaf?.checkPrivateKey(createPrivateKey(server.keyPem))).toBe(true)
  expect([Date.parse(leaf?.validFrom ?? ''), Date.parse(leaf?.validTo ?? '')]).toEqual([start, end])
})

function opensslText(der: Uint8Array): string {
  const path = join(directory, 'text.pem')
  writeFileSync(path, toPem('CERTIFICATE', der))
  return execFileSync('openssl', ['x509', '-noout', '-text', '-in', path], { encoding: 'utf8' })
}

/** The last octet of the CRL number extension: enough for the few CRLs of a test. */
function crlNumber(crl: X509Crl | undefined): number {
  return (
    new Uint8Array(crl?.getExtension('2.5.29.20')?.value ?? new ArrayBuffer(0)).at(-1) ?? Number.NaN
  )
}
