import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { corpusCommand } from './corpus/corpus.ts'
import { horizonCommand } from './horizon-command.ts'
import { listChecksCommand } from './list-checks.ts'

export function onboardCommand(): Command {
  const command = new Command('onboard').description(
    'validate what devices are enrolled with: requests, certificates, chains',
  )
  for (const each of [checkCommand(), listChecksCommand(), corpusCommand(), horizonCommand()]) {
    command.addCommand(withExits(each))
  }
  return command
}

/** Wrong usage is unusable input; a command's own settings are not inherited. */
function withExits(command: Command): Command {
  return command.showHelpAfterError('(--help tells more)').exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })
}
