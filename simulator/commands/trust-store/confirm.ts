import { createInterface } from 'node:readline/promises'
import { unusable } from '../options.ts'

export interface ConfirmFlags {
  readonly yes?: true
}

/**
 * Says what is about to happen and asks for the word. Without a terminal nobody can be asked: then
 * `--yes` has said it, or nothing happens.
 */
export async function confirmed(what: string, { yes }: ConfirmFlags): Promise<void> {
  process.stderr.write(`${what}\n`)
  if (yes === true) return
  if (!process.stdin.isTTY) {
    return unusable('nothing was done: nobody can be asked here; --yes says that it is meant')
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asking.question('Type yes to go on: ')
  asking.close()
  if (answer.trim() !== 'yes') return unusable('nothing was done')
  return undefined
}

export const yesFlag = ['--yes', 'do it without asking'] as const
