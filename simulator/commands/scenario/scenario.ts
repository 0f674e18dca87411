import { Command } from 'commander'
import type { withOverrides } from '../../scenario/overrides.ts'
import { positiveNumber, wholeNumber } from '../options.ts'

/** Scenario files, without running them. What reads YAML is loaded where it is used: it does not come with the library. */
export function scenarioCommand(): Command {
  const command = new Command('scenario')
    .description('check, explain and edit scenario files')
    .addHelpText('after', help)
  for (const each of [checkCommand(), explainCommand(), schemaCommand()]) command.addCommand(each)
  return command
}

function checkCommand(): Command {
  return new Command('check')
    .description('say what is wrong with scenario files: file:line:column: key: found, expected')
    .argument('<files...>', 'the scenarios')
    .action(async (files: readonly string[]) => {
      const { tryReadScenario } = await import('./read.ts')
      const read = await Promise.all(files.map(tryReadScenario))
      for (const line of read.flatMap(({ complaints }) => complaints)) console.error(line)
      for (const [index, { scenario }] of read.entries()) {
        if (scenario !== undefined) console.log(`${files[index] ?? ''}: good`)
      }
      if (read.some(({ scenario }) => scenario === undefined)) process.exitCode = 2
    })
}

function explainCommand(): Command {
  return new Command('explain')
    .description('say what a scenario will do: fleets, arithmetic, timeline, what it has to show')
    .argument('<file>', 'the scenario')
    .option('--seed <number>', 'as `run` takes it', wholeNumber(0))
    .option('--devices <count>', 'as `run` takes it', wholeNumber(1))
    .option('--scale <factor>', 'as `run` takes it', positiveNumber)
    .option('--days <days>', 'as `run` takes it', positiveNumber)
    .action(async (file: string, flags: Parameters<typeof withOverrides>[1]) => {
      const { readScenarioFile } = await import('./read.ts')
      const { explainScenario } = await import('../../scenario/explain/explain.ts')
      const overrides = await import('../../scenario/overrides.ts')
      const scenario = overrides.withOverrides(await readScenarioFile(file), flags)
      process.stdout.write(explainScenario(scenario).join('\n'))
    })
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of scenario files, for editors')
    .action(async () => {
      const { scenarioJsonSchema } = await import('../../scenario/json-schema.ts')
      process.stdout.write(scenarioJsonSchema())
    })
}

const help = `
An editor with a YAML language server checks a scenario as it is written, with this first line:
  # yaml-language-server: $schema=scenario.schema.json
where \`sallyport scenario schema > scenario.schema.json\` has put the schema beside it.

Exit status: 0 every file is a scenario; 2 one is not.`
