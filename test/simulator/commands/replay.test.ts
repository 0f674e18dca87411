import { expect, test } from 'vitest'
import { replayCommand } from '#simulator/commands/replay.ts'
import type { RunFlags } from '#simulator/commands/run-flags.ts'
import { smallScenario } from '../engine/run-small.ts'

const always = { port: 0, report: 'reports/latest', ca: '.sallyport/ca' }

const rows: readonly { name: string; file: string; flags: Partial<RunFlags>; says: string }[] = [
  { name: 'nothing said', file: 'a.yaml', flags: {}, says: 'a.yaml --seed 7' },
  {
    name: 'what shapes the run, and not where it is written',
    file: 'a.yaml',
    flags: { devices: 20, days: 1.5, mode: 'verify', profile: 'alb', report: 'elsewhere' },
    says: 'a.yaml --seed 7 --devices 20 --days 1.5 --mode verify --profile alb',
  },
  {
    name: 'a name with a space',
    file: "it's a.yaml",
    flags: {},
    says: String.raw`'it'\''s a.yaml' --seed 7`,
  },
  {
    name: 'a target',
    file: 'a.yaml',
    flags: { target: 'https://edge.example', publishCommand: 'put "$SALLYPORT_FILE"' },
    says: `a.yaml --seed 7 --target https://edge.example --ca .sallyport/ca --publish-command 'put "$SALLYPORT_FILE"'`,
  },
]

test.each(rows)('$name', ({ file, flags, says }) => {
  const command = replayCommand(file, smallScenario(), { ...always, ...flags })
  expect(command).toBe(`npm run sallyport -- run ${says}`)
})
