import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isTrustFileName } from './gate.ts'
import type { TrustFile, TrustFiles } from './trust-files.ts'

/**
 * A trust store's files in a directory: `anchors.pem`, `intermediates.pem` and `crl/…`. Links are
 * followed, as mounted secrets are links. A file half written fails the gate and is read again when
 * it has changed; `mv` from beside it never shows a half.
 */
export function directoryTrustFiles(directory: string): TrustFiles {
  return {
    async list() {
      const names = [...(await readdir(directory)), ...(await listsIn(directory))]
      const files = await Promise.all(
        names.filter(isTrustFileName).map((name) => describe(directory, name)),
      )
      return files.filter((file) => file !== undefined)
    },
    async read(name) {
      // A name is a path here: none but a trust store's own leads to a file.
      if (!isTrustFileName(name)) return undefined
      return absentAsUndefined(async () => new Uint8Array(await readFile(join(directory, name))))
    },
  }
}

/** Names below `crl/`: a store without revocation lists has no such directory. */
async function listsIn(directory: string): Promise<readonly string[]> {
  const names = await absentAsUndefined(() => readdir(join(directory, 'crl')))
  return (names ?? []).map((name) => `crl/${name}`)
}

/** The change time is in the version because a copy can keep the others, and nobody can set it. */
function describe(directory: string, name: string): Promise<TrustFile | undefined> {
  return absentAsUndefined(async () => {
    const status = await stat(join(directory, name), { bigint: true })
    if (!status.isFile()) return undefined
    const { ino, size, mtimeNs, ctimeNs, mtimeMs } = status
    return { name, version: `${ino}-${size}-${mtimeNs}-${ctimeNs}`, writtenAt: Number(mtimeMs) }
  })
}

/** Nothing of this name, or a name below what is no folder. */
const isAbsence = (code: unknown): boolean => code === 'ENOENT' || code === 'ENOTDIR'

/** Files come and go while they are listed; anything else that is wrong is told. */
export async function absentAsUndefined<Value>(
  ask: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Error && 'code' in error && isAbsence(error.code)) return undefined
    throw error
  }
}
