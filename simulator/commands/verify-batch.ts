import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from './options.ts'
import { answerCase, type CaseWorld } from './verify-answer.ts'
import { readCase, type VerifyCase } from './verify-case.ts'
import { linesOf, lineOctetsMax } from './verify-lines.ts'
import { createLastWorld } from './verify-world.ts'

/**
 * Answers a file of cases (`-`: standard input), one JSON object a line, in the same order. Memory
 * holds one line at a time, and what the last one was put to; reading waits for whoever reads the answers.
 *
 * @returns whether every line was a case
 */
export async function runBatch(file: string, output: Writable): Promise<boolean> {
  const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: readOctets })
  return answerLines(input, output)
}

/** Of a file at once: some thirty cases of a factory's output, a sixteenth of the reads that Node would make. */
const readOctets = 1024 * 1024

/** @throws where the input cannot be read; an output that is closed early ends the batch in silence */
export async function answerLines(input: Readable, output: Writable): Promise<boolean> {
  let unusable = 0
  const worldOf = createLastWorld()
  const answers = async function* (source: Readable): AsyncGenerator<string> {
    for await (const { number, text } of linesOf(source)) {
      const answer = await answerLine(number, text, worldOf)
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
async function answerLine(
  line: number,
  text: string | undefined,
  worldOf: (asked: VerifyCase) => Promise<CaseWorld>,
): Promise<object> {
  if (text === undefined) return { line, error: `longer than ${lineOctetsMax} characters` }
  try {
    return await answerCase(readCase(text), worldOf)
  } catch (error) {
    return { line, error: messageOf(error) }
  }
}
