import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from './options.ts'

/** Longest line: ten times the largest case of the public suites with its CRLs, far below what memory holds. */
export const lineOctetsMax = 16 * 1024 * 1024

/** One line of a text; `text` is undefined where it is longer than `lineOctetsMax`. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string | undefined
}

/** The lines of a stream, one at a time; the last one may lack its line feed. */
export async function* linesOf(source: Readable, max = lineOctetsMax): AsyncGenerator<Line> {
  let number = 0
  let rest = ''
  let tooLong = false
  for await (const chunk of source.setEncoding('utf8') as AsyncIterable<string>) {
    const [first = '', ...others] = chunk.split('\n')
    rest += tooLong ? '' : first
    for (const next of others) {
      number += 1
      yield { number, text: tooLong || rest.length > max ? undefined : rest }
      tooLong = false
      rest = next
    }
    if (rest.length > max) [rest, tooLong] = ['', true]
  }
  if (rest !== '' || tooLong) yield { number: number + 1, text: tooLong ? undefined : rest }
}

/**
 * Answers a stream of cases, one JSON object a line, in the same order. Memory holds one line at a
 * time; reading waits for whoever reads the answers.
 *
 * @param answer of one line; what it throws is told in the line's place: one bad line costs one answer
 * @returns whether every line was a case
 * @throws where the input cannot be read; an output that is closed early ends the batch in silence
 */
export async function answerLines(
  input: Readable,
  output: Writable,
  answer: (text: string) => Promise<object>,
): Promise<boolean> {
  let unusable = 0
  const answers = async function* (source: Readable): AsyncGenerator<string> {
    for await (const line of linesOf(source)) {
      const said = await answerLine(line, answer)
      if ('line' in said) unusable += 1
      yield `${JSON.stringify(said)}\n`
    }
  }
  try {
    await pipeline(input, answers, output)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
  }
  return unusable === 0
}

async function answerLine(
  { number: line, text }: Line,
  answer: (text: string) => Promise<object>,
): Promise<object> {
  if (text === undefined) return { line, error: `longer than ${lineOctetsMax} characters` }
  try {
    return await answer(text)
  } catch (error) {
    return { line, error: messageOf(error) }
  }
}
