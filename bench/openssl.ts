import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Contender } from './measure.ts'
import { benchNow, octetsOf, type Fixture } from './operations/operation.ts'

const execute = promisify(execFile)

/** OpenSSL's libcrypto, whichever the machine has: a program in C, compiled when it is asked for. */
export interface Openssl {
  /** Like `OpenSSL 3.0.19`. */
  readonly name: string
  /** X509_verify_cert with CRL_CHECK_ALL: everything parsed each time, or the leaf alone. */
  verify(kind: 'cold' | 'known', fixture: Fixture): Contender
  /** A CRL read and sorted, or serials looked up in one. */
  crl(kind: 'load' | 'lookup', fixture: Fixture): Contender
  close(): void
}

/**
 * Compiles the peer.
 *
 * @returns the peer; or, as text, why there is none: no compiler or no headers
 */
export async function compileOpenssl(): Promise<Openssl | string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const close = (): void => rmSync(folder, { recursive: true })
  const program = join(folder, 'openssl-peer')
  const source = join(import.meta.dirname, 'openssl.c')
  try {
    await execute('cc', ['-O2', '-o', program, source, '-lcrypto'])
  } catch (error) {
    close()
    return `no OpenSSL in C beside it: ${error instanceof Error ? error.message : String(error)}`
  }
  return peerOf(program, folder, await versionOf(), close)
}

/** What the headers say, which is what was compiled against. */
async function versionOf(): Promise<string> {
  const ask = '#include <openssl/opensslv.h>\nOPENSSL_VERSION_STR\n'
  const asking = execute('cc', ['-E', '-P', '-'])
  asking.child.stdin?.end(ask)
  const { stdout } = await asking
  return `OpenSSL ${stdout.trim().split('\n').at(-1)?.replaceAll('"', '') ?? ''}`
}

function peerOf(program: string, folder: string, name: string, close: () => void): Openssl {
  const contender = (words: readonly string[]): Contender => ({
    name,
    async cpuUs(times) {
      const { stdout } = await execute(program, [...words, String(times)])
      return Number(stdout)
    },
  })
  const fileOf = (fixture: Fixture, part: string): string => {
    const file = join(folder, `${part}-${(files += 1)}.der`)
    writeFileSync(file, octetsOf(fixture, part))
    return file
  }
  let files = 0
  return {
    name,
    verify: (kind, fixture) => {
      const parts = ['root', 'intermediate', 'leaves', 'rootCrl', 'crl']
      const paths = parts.map((part) => fileOf(fixture, part))
      return contender([kind, ...paths, String(benchNow / 1000)])
    },
    crl: (kind, fixture) => contender([kind, fileOf(fixture, 'crl')]),
    close,
  }
}
