import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { corpusCommand } from './corpus/corpus.ts'
import { horizonCommand } from './horizon-command.ts'
import { listChecksCommand } from './list-checks.ts'
import { rehearseCommand } from './rehearse.ts'

export function onboardCommand(): Command {
  const command = new Command('onboard').description(
    'validate what devices are enrolled with: requests, certificates, chains',
  )
  const checks = [checkCommand(), listChecksCommand(), corpusCommand(), horizonCommand()]
  for (const each of [...checks, rehearseCommand()]) command.addCommand(each)
  return command
}
