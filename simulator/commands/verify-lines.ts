import type { Readable } from 'node:stream'

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
