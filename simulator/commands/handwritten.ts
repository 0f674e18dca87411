import { open } from 'node:fs/promises'
import { fileFault } from './options.ts'

/** A hundred times the longest scenario of this project; YAML takes many times as much in memory. */
const octetsMax = 1024 * 1024

/**
 * The text of a file that people write by hand, like a scenario.
 *
 * @throws an Error that names the file: it cannot be read, or is far too large to be what was meant
 */
export async function readHandwritten(file: string): Promise<string> {
  const text = await readAtMost(file).catch((cause: unknown) => {
    throw new Error(fileFault(file, cause), { cause })
  })
  if (text !== undefined) return text
  throw new Error(`${file}: more than ${octetsMax} octets, so this is no file of this kind`)
}

/** Undefined where it is longer: no more is read then, however long it is. */
async function readAtMost(file: string): Promise<string | undefined> {
  const opened = await open(file)
  try {
    const octets = Buffer.alloc(octetsMax + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < octets.length; length += read) {
      read = (await opened.read(octets, length)).bytesRead
    }
    return length > octetsMax ? undefined : octets.toString('utf8', 0, length)
  } finally {
    await opened.close()
  }
}
