import { mkdir, readdir } from 'node:fs/promises'
import { Command } from 'commander'
import { instantFromIso, instantFromMs, type Instant } from '#shared/time.ts'
import { messageOf, unusable } from '../../options.ts'
import { writeCorpus } from './write-corpus.ts'

export function corpusCommand(): Command {
  return new Command('corpus')
    .description('write requests and certificates that are wrong on purpose, to try a CA with')
    .argument('<dir>', 'an empty directory; made where it is missing')
    .option('--now <instant>', 'put dates around this instant (default: now)')
    .action(runCorpus)
}

async function runCorpus(directory: string, { now }: { readonly now?: string }): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    const there = await readdir(directory)
    if (there.length > 0) unusable(`${directory}: expected an empty directory`)
    const { cases } = await writeCorpus(directory, instantOf(now))
    const bad = cases.filter(({ expects }) => expects.length > 0).length
    process.stdout.write(`${directory}: ${cases.length} files, ${bad} of them wrong on purpose\n`)
  } catch (error) {
    unusable(messageOf(error))
  }
}

/** Dates of certificates have whole seconds. */
function instantOf(text: string | undefined): Instant {
  const at = text === undefined ? Date.now() : instantFromIso(text)
  return instantFromMs(Math.floor(at / 1000) * 1000)
}
