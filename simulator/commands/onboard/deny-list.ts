import { readFile } from 'node:fs/promises'
import { readSha256 } from '#shared/wire/fingerprint.ts'
import { toHex } from '#shared/bytes.ts'
import { fileFault } from '../options.ts'

/**
 * A deny-list of keys: one SHA-256 of a SubjectPublicKeyInfo a line, in hexadecimal or base64; what
 * stands behind white space or `#` is a note.
 *
 * @throws an Error that names the file and the line at fault
 */
export async function readDenyList(file: string): Promise<(spkiSha256: string) => boolean> {
  const whole = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(fileFault(file, cause), { cause })
  })
  const lines = whole.split(/\r\n|\n|\r/)
  const denied = new Set<string>()
  for (const [at, line] of lines.entries()) {
    const [text = ''] = line.trim().split(/[\s#]/)
    if (text === '') continue
    const sha256 = readSha256(text)
    if (!sha256.ok) {
      throw new Error(`${file}:${at + 1}: expected a SHA-256 of a SubjectPublicKeyInfo`)
    }
    denied.add(toHex(sha256.value))
  }
  if (denied.size === 0) throw new Error(`${file}: it names no key`)
  return (spkiSha256) => denied.has(spkiSha256)
}
