import type { Scenario } from '../scenario/scenario.ts'
import type { RunFlags } from './run-flags.ts'

/** The command that draws the very same run again: every flag that shapes it, and the seed in any case. */
export function replayCommand(file: string, { seed }: Scenario, flags: RunFlags): string {
  const shaping = (
    ['devices', 'days', 'mode', 'profile', 'target', 'compression'] as const
  ).flatMap((name) => (flags[name] === undefined ? [] : [`--${name} ${flags[name]}`]))
  return ['npm run sallyport -- run', file, `--seed ${seed}`, ...shaping].join(' ')
}
