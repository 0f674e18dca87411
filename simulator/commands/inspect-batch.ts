import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { answerLines } from './batch-lines.ts'
import { readHeadersCase } from './inspect-case.ts'
import { readFormat } from './inspect-formats.ts'

/**
 * Reads a file of headers (`-`: standard input), one case a line, and answers in the same order.
 *
 * @returns whether every line was a case
 */
export async function inspectBatch(file: string, output: Writable): Promise<boolean> {
  return inspectLines(file === '-' ? process.stdin : createReadStream(file), output)
}

/** The same of a stream: see `answerLines`. */
export async function inspectLines(input: Readable, output: Writable): Promise<boolean> {
  return answerLines(input, output, async (text) => {
    const asked = readHeadersCase(text)
    return { id: asked.id, ...(await readFormat(asked)) }
  })
}
