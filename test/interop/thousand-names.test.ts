import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { noOpenssl } from '../installed.ts'
import { awkwardName } from './awkward-names.ts'
import { nameDer, unsignedCertificate } from './der-writer.ts'

/** Another seed, or more names: SALLYPORT_SEED=7 SALLYPORT_NAMES=20000 npx vitest run test/interop/thousand-names.test.ts */
const seed = Number(process.env['SALLYPORT_SEED'] ?? 20_261_122)
const nameCount = Number(process.env['SALLYPORT_NAMES'] ?? 1000)

/** Files to one call of `openssl verify`, which names the subject of each certificate that it refuses. */
const batch = 250

/** What OpenSSL prints of each Name, in order; `not printed` where it does not load the certificate. */
async function printAll(names: readonly Bytes[]): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-names-'))
  try {
    const printed: string[] = []
    for (let at = 0; at < names.length; at += batch) {
      printed.push(...(await printBatch(dir, names.slice(at, at + batch))))
    }
    return printed
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function printBatch(dir: string, names: readonly Bytes[]): Promise<string[]> {
  const files = names.map((_, index) => `${index}.pem`)
  const issuer = nameDer([[{ type: '2.5.4.3', tag: 0x0c, content: [0x61] }]])
  for (const [index, name] of names.entries()) {
    const pem = encodePem('CERTIFICATE', unsignedCertificate(name, issuer))
    await writeFile(join(dir, `${index}.pem`), pem)
  }
  const { stderr } = spawnSync('openssl', ['verify', '-nameopt', 'RFC2253', ...files], {
    cwd: dir,
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
  })
  const subjects = new Map<string, string>()
  const report = /^(.*)\nerror 20 at 0 depth lookup: .*\nerror (\d+\.pem): verification failed$/gm
  for (const [, subject = '', file = ''] of stderr.matchAll(report)) subjects.set(file, subject)
  return files.map((file) => subjects.get(file) ?? 'not printed')
}

function ours(name: Bytes): string {
  const text = rfc2253Name(name)
  return text.ok ? text.value : `refused: ${text.error.expected}`
}

const line = (name: Bytes, text: string): string => `Name ${toHex(name)}: ${text}`

const reason = noOpenssl ? ' (skipped: no openssl command)' : ''

test.skipIf(noOpenssl)(
  `${nameCount} names of seed ${seed} are written as OpenSSL writes them${reason}`,
  { timeout: 60_000 + 30 * nameCount },
  async () => {
    const names = fc.sample(awkwardName, { seed, numRuns: nameCount })
    const printed = await printAll(names)
    expect(names.map((name) => line(name, ours(name)))).toEqual(
      names.map((name, index) => line(name, printed[index] ?? 'not printed')),
    )
  },
)

describe.skipIf(noOpenssl)(`the comparison itself${reason}`, () => {
  test('knows of every name that it was printed', async () => {
    const half = nameDer([[{ type: '2.5.4.3', tag: 0x0c, content: [0xc3] }]])
    const whole = nameDer([[{ type: '2.5.4.3', tag: 0x0c, content: [0xc3, 0xa4] }]])
    expect(await printAll([half, whole, nameDer([])])).toEqual([
      'not printed',
      String.raw`CN=\C3\A4`,
      '',
    ])
  })
})
