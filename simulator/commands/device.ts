import { Command } from 'commander'

interface DeviceFlags {
  readonly run: string
  readonly json?: true
}

export function deviceCommand(): Command {
  return new Command('device')
    .description(
      'the story of one device of a run: certificates, absences, each attempt and its verdict',
    )
    .argument('<id>', 'the device, like car-0001')
    .option(
      '--run <dir>',
      'the directory of the report, or its events.jsonl or events.parquet',
      'reports/latest',
    )
    .option('--json', 'print the story as JSON')
    .addHelpText('after', help)
    .action(async (id: string, flags: DeviceFlags) => {
      // Loaded only where it is used: commands that need no schema start without one.
      const { tellDevice } = await import('./device-of-run.ts')
      await tellDevice(id, flags)
    })
}

const help = `
Told in the order of time, in UTC: what the device did, what others did with its certificates and cookies,
and what happened to the world around it. A spell offline is told when the device is back.

Exit status: 0 the story was told; 2 the run has no such device, or no event log.`
