import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { answerLines } from './batch-lines.ts'
import { answerCase } from './verify-answer.ts'
import { readCase } from './verify-case.ts'
import { createLastWorld } from './verify-world.ts'

/**
 * Answers a file of cases (`-`: standard input), one JSON object a line, in the same order. Memory
 * holds one line at a time, and what the last one was put to; reading waits for whoever reads the answers.
 *
 * @returns whether every line was a case
 */
export async function runBatch(file: string, output: Writable): Promise<boolean> {
  const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: readOctets })
  return verifyLines(input, output)
}

/** Of a file at once: some thirty cases of a factory's output, a sixteenth of the reads that Node would make. */
const readOctets = 1024 * 1024

/** The same of a stream: see `answerLines`. */
export async function verifyLines(input: Readable, output: Writable): Promise<boolean> {
  const worldOf = createLastWorld()
  return answerLines(input, output, (text) => answerCase(readCase(text), worldOf))
}
