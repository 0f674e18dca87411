import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readHeadersCase } from './inspect-case.ts'
import { readFormat } from './inspect-formats.ts'
import { messageOf } from './options.ts'
import { linesOf, lineOctetsMax } from './verify-lines.ts'

/**
 * Reads a file of headers (`-`: standard input), one case a line, and answers in the same order.
 *
 * @returns whether every line was a case
 */
export async function inspectBatch(file: string, output: Writable): Promise<boolean> {
  return inspectLines(file === '-' ? process.stdin : createReadStream(file), output)
}

/** @throws where the input cannot be read; an output that is closed early ends the batch in silence */
export async function inspectLines(input: Readable, output: Writable): Promise<boolean> {
  let unusable = 0
  const answers = async function* (source: Readable): AsyncGenerator<string> {
    for await (const { number, text } of linesOf(source)) {
      const answer = await answerLine(number, text)
      if ('line' in answer) unusable += 1
      yield `${JSON.stringify(answer)}\n`
    }
  }
  try {
    await pipeline(input, answers, output)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
  }
  return unusable === 0
}

/** A line that is no case is told in its place: one bad line costs one answer. */
async function answerLine(line: number, text: string | undefined): Promise<object> {
  if (text === undefined) return { line, error: `longer than ${lineOctetsMax} characters` }
  try {
    const asked = readHeadersCase(text)
    return { id: asked.id, ...(await readFormat(asked)) }
  } catch (error) {
    return { line, error: messageOf(error) }
  }
}
