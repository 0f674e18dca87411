import { Command, Option } from 'commander'
import { portNumber, wholeNumber } from '../options.ts'
import { gatewayNames } from '../../gateways/gateway.ts'
import type { ChaosFlags, ProxyFlags } from './flags.ts'

/** Real gateways and our own, under the faults of revocation and onboarding. */
export function chaosCommand(): Command {
  const command = new Command('chaos').description(
    'start real gateways, put them under named faults, and tell whom they let in',
  )
  const commands = [matrixCommand(), listCommand(), runCommand(), allCommand(), proxyCommand()]
  for (const each of commands) command.addCommand(each)
  return command
}

function matrixCommand(): Command {
  return withTarget(new Command('matrix'), 'all')
    .description('ask every cell: who comes, how, before and after')
    .addHelpText('after', matrixHelp)
    .action(async (flags: ChaosFlags) => {
      // Loaded only where it is used: what starts servers takes a second to load.
      const { playMatrix } = await import('./play-matrix.ts')
      await playMatrix(flags)
    })
}

function listCommand(): Command {
  return new Command('list')
    .description('the forty faults: what is done, what has to hold, and where each is played')
    .option('--json', 'as JSON on standard output')
    .action(async (flags: Pick<ChaosFlags, 'json'>) => {
      const { listFaults } = await import('./play-faults.ts')
      listFaults(flags)
    })
}

function runCommand(): Command {
  return withTarget(new Command('run'), 'sallyport', ['est'])
    .description('play one fault before a gateway, or before our EST server')
    .argument('<fault>', 'its number or its name, as `chaos list` has them')
    .addHelpText('after', faultsHelp)
    .action(async (text: string, flags: ChaosFlags) => {
      const { playFault } = await import('./play-faults.ts')
      await playFault(text, flags)
    })
}

function allCommand(): Command {
  return withTarget(new Command('all'), 'sallyport', ['est'])
    .description('play every fault that can be played before a gateway or our EST server')
    .addHelpText('after', faultsHelp)
    .action(async (flags: ChaosFlags) => {
      const { playAllFaults } = await import('./play-faults.ts')
      await playAllFaults(flags)
    })
}

function proxyCommand(): Command {
  return new Command('proxy')
    .description('a TCP proxy that does to connections what bad networks do')
    .requiredOption('--upstream <host:port>', 'where connections go on to')
    .option('--port <port>', 'where it listens on 127.0.0.1; 0 takes any free one', portNumber, 0)
    .option('--seed <number>', 'draw what varies from this seed', wholeNumber(0), 1)
    .option('--toxic <toxic...>', 'latency,latency=300,jitter=50,stream=upstream,toxicity=0.5')
    .addHelpText('after', proxyHelp)
    .action(async (flags: ProxyFlags) => {
      const { runProxy } = await import('./run-proxy.ts')
      await runProxy(flags)
    })
}

function withTarget(command: Command, target: string, further: readonly string[] = []): Command {
  return command
    .addOption(
      new Option('--target <gateway>', 'which gateway, in each of its configurations')
        .choices([...gatewayNames, ...further, 'all'])
        .default(target),
    )
    .option('--json', 'every attempt and finding as JSON on standard output')
}

const matrixHelp = `
Each gateway in configurations that people run, TLS 1.2 and 1.3: a good device, none, a revoked one,
an expired one, one not yet valid, one of an unknown CA, one for servers; by a full handshake, by a
resumed session, over a line that it holds; before and after its certificate ends or is revoked,
under a list that has ended and under one that is damaged. Accepted is who gets the first octet of
an answer that says yes; the end of a handshake is no answer.

Exit status: 0 every cell as it has to be, 1 findings (each told with its evidence), 2 a gateway
cannot be started or is not installed, 130 interrupted.`

const faultsHelp = `
Each fault meets a gateway that was started for it, in a world of its own. Those of onboarding (C21 to
C33) meet our EST server and its registry over real TLS, with a CA of the fleet's own behind it, in the
time of their story: --target sallyport has both, est the EST server alone. Every fault counts what it
did: one that did nothing is a finding.

Exit status: 0 what has to hold holds, 1 findings, 2 unknown fault, no such gateway here, or a target
that this fault has nothing to do with, 130 interrupted.`

const proxyHelp = `
Toxics, with the names, attributes and defaults of Toxiproxy: latency (latency, jitter: ms), bandwidth
(rate: kB/s), slow_close (delay: ms), timeout (timeout: ms), reset_peer (timeout: ms), slicer
(average_size, size_variation: octets, delay: µs), limit_data (bytes). Each with stream (downstream)
and toxicity (1).

Says where it listens, and ends by SIGINT or SIGTERM. Exit status: 130 ended so, 2 unusable input.`
