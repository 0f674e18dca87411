import type { Scenario } from '../scenario/scenario.ts'
import type { RunFlags } from './run-flags.ts'

/** How this command is called: TypeScript lies in the project alone, the package has what is made of it. */
export const sallyport = import.meta.url.endsWith('.ts') ? 'npm run sallyport --' : 'npx sallyport'

/** Flags that shape a run, beside the seed; the second ones only a run against a target. */
const shaping = [
  ['devices', '--devices'],
  ['scale', '--scale'],
  ['days', '--days'],
  ['mode', '--mode'],
  ['profile', '--profile'],
  ['engine', '--engine'],
  ['shards', '--shards'],
] as const
const shapingTarget = [
  ['target', '--target'],
  ['targetCa', '--target-ca'],
  ['ca', '--ca'],
  ['trustDir', '--trust-dir'],
  ['publishCommand', '--publish-command'],
  ['compression', '--compression'],
] as const

/** The command that draws the very same run again: every flag that shapes it, and the seed in any case. */
export function replayCommand(file: string, { seed }: Scenario, flags: RunFlags): string {
  const names = flags.target === undefined ? shaping : [...shaping, ...shapingTarget]
  const said = names.flatMap(([name, flag]) => {
    const value = flags[name]
    return value === undefined ? [] : [`${flag} ${quoted(String(value))}`]
  })
  return [`${sallyport} run`, quoted(file), `--seed ${seed}`, ...said].join(' ')
}

/** As a shell reads it back: plain words as they are, everything else between single quotes. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
