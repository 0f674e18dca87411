import { Command, Option } from 'commander'
import { frontProfileNames } from '../scenario/scenario.ts'
import { eventFormats } from '../report/event-log/formats.ts'
import { portNumber, positiveNumber, wholeNumber } from './options.ts'
import type { RunFlags } from './run-flags.ts'

export function runCommand(): Command {
  return new Command('run')
    .description('run a scenario: a simulated fleet against the edge worker, over real mutual TLS')
    .argument('<file>', 'the scenario, like simulator/scenarios/quickstart.yaml')
    .option('--seed <number>', 'draw all that is left to chance from this seed', wholeNumber(0))
    .option('--devices <count>', 'scale the fleets to so many devices', wholeNumber(1))
    .option('--scale <factor>', 'scale the fleets, like 0.01 for a hundredth', positiveNumber)
    .option('--days <days>', 'scale the run to so many simulated days', positiveNumber)
    .addOption(new Option('--mode <mode>', 'phases of this mode only').choices(modes))
    .addOption(
      new Option('--profile <name>', 'who plays the TLS terminator').choices(frontProfileNames),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        'wire: real sockets; virtual: no sockets, the edge called in this process (default: as the file says, or wire)',
      ).choices(['wire', 'virtual']),
    )
    .option(
      '--shards <count>',
      'live device by device on so many threads (with --engine virtual; from 20,000 devices on by itself)',
      wholeNumber(1),
    )
    .option('--log-hash', 'tell a hash of the event log, the same for any number of shards')
    .addOption(
      new Option(
        '--events <format>',
        'the event log beside the report: lines of JSON (the default), or a table for DuckDB and its like; asked for by name, it is kept of any number of devices',
      ).choices(eventFormats),
    )
    .option(
      '--client-processes <count>',
      "so many processes hold the devices' connections; 0: this one (with real sockets; default: as many as the devices and the open files allowed to a process ask for)",
      wholeNumber(0),
    )
    .option('--port <port>', 'port of the TLS front; 0 takes any free one', portNumber, 0)
    .option('--report <dir>', 'where the report is written', 'reports/latest')
    .option(
      '--dashboard [port]',
      'follow the run on a page of 127.0.0.1, at this port or any free one',
      portNumber,
    )
    .option('--json', 'print the result as JSON in place of tables')
    .option('--target <url>', 'run against this deployment, in real time, instead of a local edge')
    .option('--target-ca <file>', "PEM file that vouches for the target's own certificate")
    .option('--ca <dir>', "the fleet's CA, made there if missing (with --target)", '.sallyport/ca')
    .option('--trust-dir <dir>', 'where CRLs are written (with --target; default: in the report)')
    .option('--publish-command <command>', 'run for each file written there (with --target)')
    .option('--compression <factor>', 'simulated over real time (with --target)', positiveNumber)
    .addHelpText('after', help)
    .action(async (file: string, flags: RunFlags) => {
      // Loaded only where it is used: the runtimes behind a run take a second to load.
      const { runScenario } = await import('./run-scenario.ts')
      await runScenario(file, flags)
    })
}

const modes = ['verify', 'passthrough'] as const

const help = `
Against a target the clock cannot be turned: the scenario's first phase (or the first of --mode) is
lived --compression times as fast, by default so that it takes a minute. The target must trust the
CA in --ca and take the CRLs that are written to --trust-dir; --publish-command carries them, and
finds SALLYPORT_FILE and SALLYPORT_NAME in its environment.

Exit status: 0 every decision was right and everything planned happened; 1 the run failed (the last
line replays it); 2 the input cannot be used; 130 interrupted (the report is still written).`
