import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { absentAsUndefined } from '../directory-trust-files.ts'
import type { Objects } from './objects.ts'

/**
 * Objects as files of a directory, for the control plane on Node. A file has its name only when it is
 * whole and on the disk: what a crash leaves half written lies apart, and is swept away here. One
 * process at a time: it is its keeper that sees to that.
 */
export function directoryObjects(directory: string): Objects {
  const unfinished = join(directory, 'unfinished')
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  return {
    async put(name, octets) {
      if (!isObjectName(name)) throw new Error(`${name} is no name of an object`)
      const partial = join(unfinished, randomUUID())
      await writeSynced(partial, octets)
      await rename(partial, join(directory, name))
      await syncDirectory(directory)
    },
    async get(name) {
      // A name is a path here: none but a digest leads to a file.
      if (!isObjectName(name)) return undefined
      return absentAsUndefined(async () => new Uint8Array(await readFile(join(directory, name))))
    },
  }
}

const isObjectName = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

async function writeSynced(path: string, octets: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(octets)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The new name is on the disk too: without this it may be lost with the power (POSIX promises no more). */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
