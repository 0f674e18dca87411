import { Readable, Writable } from 'node:stream'

/**
 * What a batch answers to lines, and whether every line was a case.
 *
 * @param batch the command's own, between two streams
 * @param lines as they stand where they are text, else written as JSON
 */
export async function batchAnswers<Answer>(
  batch: (input: Readable, output: Writable) => Promise<boolean>,
  lines: readonly unknown[],
): Promise<readonly [readonly Answer[], boolean]> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  let told = ''
  const output = new Writable({
    write(chunk, _encoding, done) {
      told += String(chunk)
      done()
    },
  })
  const isUsable = await batch(Readable.from([Buffer.from(`${text.join('\n')}\n`)]), output)
  const answered = told.split('\n').filter(Boolean)
  return [answered.map((line) => JSON.parse(line) as Answer), isUsable]
}
