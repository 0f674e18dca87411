import { open } from 'node:fs/promises'
import type { LineFile } from './line-file.ts'

/** Lines that are written together: some 1 MB. A log of one piece may be longer than a text can be. */
const chunkLines = 4_000

/** One JSON line each, as they come. */
export async function createJsonlFile(path: string): Promise<LineFile> {
  const file = await open(path, 'w')
  return {
    async write(lines) {
      for (let from = 0; from < lines.length; from += chunkLines) {
        const chunk = lines.slice(from, from + chunkLines)
        await file.writeFile(chunk.map((line) => `${line}\n`).join(''))
      }
    },
    end: () => file.close(),
  }
}
