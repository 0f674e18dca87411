import { Command } from 'commander'
import { explainScenario } from '../../scenario/explain/explain.ts'
import { scenarioJsonSchema } from '../../scenario/json-schema.ts'
import { withOverrides } from '../../scenario/overrides.ts'
import { positiveNumber, wholeNumber } from '../options.ts'
import { readScenarioFile, tryReadScenario } from './read.ts'

/** Scenario files, without running them. */
export function scenarioCommand(): Command {
  const command = new Command('scenario')
    .description('check, explain and edit scenario files')
    .addHelpText('after', help)
  for (const each of [checkCommand(), explainCommand(), schemaCommand()]) {
    each.showHelpAfterError('(--help tells more)').exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2)
    })
    command.addCommand(each)
  }
  return command
}

function checkCommand(): Command {
  return new Command('check')
    .description('say what is wrong with scenario files: file:line:column: key: found, expected')
    .argument('<files...>', 'the scenarios')
    .action(async (files: readonly string[]) => {
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
      const scenario = withOverrides(await readScenarioFile(file), flags)
      process.stdout.write(explainScenario(scenario).join('\n'))
    })
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of scenario files, for editors')
    .action(() => void process.stdout.write(scenarioJsonSchema()))
}

const help = `
An editor with a YAML language server checks a scenario as it is written, with this first line:
  # yaml-language-server: $schema=scenario.schema.json
where \`sallyport scenario schema > scenario.schema.json\` has put the schema beside it.

Exit status: 0 every file is a scenario; 2 one is not.`
