import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importAuthority } from '#edge/enrollment/signers/authority.ts'
import { createKeySigner } from '#edge/enrollment/signers/key-signer.ts'
import { clientAuth, serverAuth } from '#shared/enrollment/profile.ts'
import { altNamesOfRequest } from '#shared/enrollment/alt-names.ts'
import type { Bytes } from '#shared/bytes.ts'
import { instantFromMs, isoFromInstant, shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { createCa, newKeys, newRequest, type TestCa } from './devices.ts'
import { dayMs } from '../../runtime/given.ts'

/** The machine's clock, to the second: GnuTLS's command knows no other. */
const now = instantFromMs(Math.floor(Date.now() / 1000) * 1000)

const rsa = (bits: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: bits,
  publicExponent: Uint8Array.of(1, 0, 1),
})

/** Keys of CAs: each kind that a signer takes. */
const caKeys = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521' },
  Ed25519: { name: 'Ed25519' },
  RSA: rsa(3072),
} as const

export const caKinds = Object.keys(caKeys) as readonly (keyof typeof caKeys)[]

/** Certificates of one CA. */
export interface Issued {
  readonly ca: TestCa
  readonly certificates: readonly Bytes[]
}

/** Requests of a few devices' keys; certificates of every combination of names, purposes and dates. */
export async function issueMany(kind: keyof typeof caKeys, count: number): Promise<Issued> {
  const ca = await createCa(`Fleet CA ${kind}`, now, caKeys[kind])
  const authority = await importAuthority(ca.pem, ca.pkcs8)
  if (!authority.ok) throw new Error(authority.error)
  const requests = await requestsOfDevices()
  const certificates: Bytes[] = []
  for (let index = 0; index < count; index += 1) {
    const request = requests[index % requests.length]
    if (request === undefined) throw new RangeError('there are requests')
    const purposes = index % 2 === 0 ? [clientAuth] : [clientAuth, serverAuth]
    const crlUrl = index % 3 === 0 ? undefined : 'http://crl.example/fleet.crl'
    const signed = await createKeySigner(authority.value, { purposes, crlUrl }).sign(
      orderOf(request, index),
    )
    if (!signed.ok) throw new Error(signed.error.because)
    certificates.push(signed.value)
  }
  return { ca, certificates }
}

async function requestsOfDevices(): Promise<readonly Bytes[]> {
  const kinds = [caKeys['P-256'], caKeys['P-384'], caKeys.Ed25519, rsa(2048)]
  const all = await Promise.all(kinds.map((kind) => newKeys(kind)))
  const made = all.flatMap((keys, index) => [
    newRequest({ subject: `CN=car-${index}`, keys }),
    newRequest({
      subject: `CN=meter-${index}, O=Sallyport Fleet, C=CH, 2.5.4.5=${index}`,
      keys,
      names: [
        { type: 'dns', value: `meter-${index}.fleet.example` },
        { type: 'url', value: `spiffe://fleet.example/meter/${index}` },
      ],
    }),
    newRequest({
      subject: '',
      keys,
      names: [{ type: 'url', value: `spiffe://fleet.example/nameless/${index}` }],
    }),
  ])
  return Promise.all(made)
}

/** Serials of every first octet, ends on both sides of 2050. */
function orderOf(der: Bytes, index: number) {
  const request = parseCertificationRequest(der)
  if (!request.ok) throw new Error(request.error.expected)
  const serial = crypto.getRandomValues(new Uint8Array(16))
  serial[0] = index % 0x100
  serial[15] = (serial[15] ?? 0) | 1
  return {
    request: der,
    subject: request.value.subject,
    subjectAltName: altNamesOfRequest(request.value),
    serial,
    notBefore: shift(now, -60_000),
    notAfter: shift(now, (index % 7) * 500 * dayMs + 3_600_000),
    lifetimeMaxMs: Number.POSITIVE_INFINITY,
  }
}

/** What a program said of certificates: how many it takes, and its objections to others. */
export interface Opinion {
  readonly good: number
  readonly objections: readonly string[]
}

/** A folder with `ca.pem`, and each certificate in a file of its own. */
export function folderOf({ ca, certificates }: Issued): { folder: string; files: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-issued-'))
  writeFileSync(join(folder, 'ca.pem'), ca.pem)
  mkdirSync(join(folder, 'issued'))
  const files = certificates.map((der, index) => {
    const file = join(folder, 'issued', `${index}.pem`)
    writeFileSync(file, encodePem('CERTIFICATE', der))
    return file
  })
  return { folder, files }
}

/** `-x509_strict`: every rule of RFC 5280 that OpenSSL knows; a hundred files a call. */
export function openssl(folder: string, files: readonly string[]): Opinion {
  let good = 0
  const objections: string[] = []
  for (let from = 0; from < files.length; from += 100) {
    const some = files.slice(from, from + 100)
    const args = ['verify', '-x509_strict', '-purpose', 'sslclient']
    const run = spawnSync('openssl', [...args, '-CAfile', join(folder, 'ca.pem'), ...some], {
      encoding: 'utf8',
    })
    good += run.stdout.split('\n').filter((line) => line.endsWith(': OK')).length
    objections.push(...run.stderr.split('\n').filter((line) => line.startsWith('error ')))
  }
  return { good, objections }
}

/** GnuTLS: read, printed with its warnings, and verified below the CA. */
export function certtool(folder: string, files: readonly string[]): Opinion {
  let good = 0
  const objections: string[] = []
  for (const file of files) {
    const ca = ['--load-ca-certificate', join(folder, 'ca.pem')]
    const purpose = ['--verify-purpose', clientAuth]
    const verified = spawnSync('certtool', ['--verify', ...ca, ...purpose, '--infile', file], {
      encoding: 'utf8',
    })
    const read = spawnSync('certtool', ['-i', '--infile', file], { encoding: 'utf8' })
    const warnings = `${read.stdout}${read.stderr}`.match(/.*(?:warning|error|unknown).*/gi) ?? []
    if (verified.status === 0 && read.status === 0 && warnings.length === 0) good += 1
    else objections.push(`${file}: ${verified.stdout}${verified.stderr}${warnings.join('; ')}`)
  }
  return { good, objections }
}

/** Go's own parser and verifier, built for this once. */
export function go(program: string, folder: string, certificates: readonly Bytes[]): Opinion {
  const input = certificates.map((der) => encodePem('CERTIFICATE', der)).join('')
  const args = [join(folder, 'ca.pem'), isoFromInstant(now)]
  const run = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 2 ** 26 })
  const lines = run.stdout.trim().split('\n')
  const good = Number(/^good (\d+)$/.exec(lines.at(-1) ?? '')?.[1] ?? -1)
  return { good, objections: lines.slice(0, -1) }
}

/** Builds the program over Go's parser, in a folder of its own; undefined where there is no Go. */
export function buildGoParser(): { program: string; folder: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-go-'))
  const program = join(folder, 'parser')
  const source = join(import.meta.dirname, 'go-parser', 'main.go')
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(folder, 'cache') }
  const run = spawnSync('go', ['build', '-o', program, source], { encoding: 'utf8', env })
  if (run.error !== undefined) return undefined
  if (run.status !== 0) throw new Error(`go build: ${run.stderr}`)
  return { program, folder }
}
