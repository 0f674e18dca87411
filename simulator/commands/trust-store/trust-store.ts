import { Command } from 'commander'
import { doctorCommand } from './doctor.ts'
import { auditCommand, epochsCommand, rollBackCommand } from './history.ts'
import { addCrlCommand, removeCrlCommand, replaceCrlCommand } from './lists.ts'
import { restoreCommand, revokeCommand } from './revoke.ts'
import { serveCommand } from './serve.ts'
import { sourceCommand } from './source.ts'
import { createCommand, deleteCommand, listCommand, modifyCommand, showCommand } from './stores.ts'
import { tokenCommand } from './token.ts'
import { watchCommand } from './watch.ts'

/** The trust stores of a control plane, local or deployed, over its JSON API. */
export function trustStoreCommand(): Command {
  const command = new Command('trust-store')
    .description('make, change, watch and examine the trust stores of a control plane')
    .addHelpText('after', help)
  const commands = [
    listCommand(),
    createCommand(),
    showCommand(),
    modifyCommand(),
    addCrlCommand(),
    replaceCrlCommand(),
    removeCrlCommand(),
    revokeCommand(),
    restoreCommand(),
    rollBackCommand(),
    epochsCommand(),
    auditCommand(),
    sourceCommand(),
    watchCommand(),
    doctorCommand(),
    deleteCommand(),
    tokenCommand(),
    serveCommand(),
  ]
  for (const each of commands) command.addCommand(each)
  return command
}

const help = `
Which control plane: --url or SALLYPORT_URL, with a token in SALLYPORT_TOKEN or --token-file; without
an address the local one, which sallyport trust-store serve starts.

Exit status: 0 as wished, 1 the control plane refused or doctor found something severe, 2 the input
cannot be used or nobody answers, 130 interrupted.`
