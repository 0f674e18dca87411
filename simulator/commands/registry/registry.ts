import { Command } from 'commander'
import { authorityCommands } from './authorities.ts'
import { claimCommands } from './claims.ts'
import { deviceCommands } from './devices.ts'
import { transferCommands } from './transfers.ts'

/** The device registry of a control plane, local or deployed, over its JSON API. */
export function registryCommand(): Command {
  const command = new Command('registry')
    .description('look after the devices that enrol: claims, CAs, approvals, suspensions')
    .addHelpText('after', help)
  const commands = [
    ...deviceCommands(),
    ...claimCommands(),
    ...authorityCommands(),
    ...transferCommands(),
  ]
  for (const each of commands) command.addCommand(each)
  return command
}

const help = `
Which control plane: --url or SALLYPORT_URL, with a token in SALLYPORT_TOKEN or --token-file; without
an address the local one, which sallyport trust-store serve starts. A token of scope read looks, revoke
locks out, write lets in; one that names stores needs registry:devices among them.

Exit status: 0 as wished, 1 the control plane refused or a trust store was not told, 2 the input
cannot be used or nobody answers.`
