import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bytes } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { programOf } from '../../../gateways/program.ts'
import type { WorldCa } from '../../../onboarding/authorities.ts'

/**
 * What OpenSSL makes of a request that asks to be a CA, where whoever runs it has it copy extensions:
 * the way in which small CAs are run.
 *
 * @returns a sentence; undefined where OpenSSL is not installed
 */
export function opensslOn(request: Bytes, ca: WorldCa, caKeyPem: string): string | undefined {
  const program = programOf('openssl')
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'))
  const run = (...args: readonly string[]) =>
    spawnSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    writeFileSync(join(folder, 'ca.pem'), ca.pem)
    writeFileSync(join(folder, 'ca.key'), caKeyPem, { mode: 0o600 })
    writeFileSync(join(folder, 'device.csr'), encodePem('CERTIFICATE REQUEST', request))
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '1', '-copy_extensions', 'copy']
    const signed = run('x509', '-req', '-in', 'device.csr', ...by, '-out', 'device.pem')
    const { stdout } = run('x509', '-in', 'device.pem', '-noout', '-text')
    const name = run('version').stdout.split(' ').slice(0, 2).join(' ')
    return `${name}, x509 -req -copy_extensions copy, ${deedOn(signed.status, stdout)}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function deedOn(status: number | null, text: string): string {
  if (status !== 0) return 'refuses the request of a CA'
  const made = text.includes('CA:TRUE') ? 'a CA’s certificate' : 'a device’s certificate'
  return `makes ${made} of the request of a CA`
}
