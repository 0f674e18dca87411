import { Command } from 'commander'

interface CompareFlags {
  readonly json?: true
  readonly all?: true
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('two results of runs side by side: what changed, by how much, and what got worse')
    .argument('<a>', 'the earlier result: a report.json, or the directory of a report')
    .argument('<b>', 'the result that is measured by it')
    .option('--json', 'print the comparison as JSON')
    .option('--all', 'show what stayed the same as well')
    .addHelpText('after', help)
    .action(async (a: string, b: string, flags: CompareFlags) => {
      // Loaded only where it is used: commands that need no schema start without one.
      const { compareFiles } = await import('./compare-files.ts')
      await compareFiles(a, b, flags)
    })
}

const help = `
What counts: wrong accepts, unexplained refusals and attempts without a decision that are more; exposure
above the scenario's bound; assertions that held and no longer do, or that are new and do not hold; planned
events that no longer happen; a run that no longer comes to its end. Everything else is shown, and for you to
judge: latency and availability count where a scenario asserts them.

Exit status: 0 b is not worse in anything that counts; 1 it is; 2 the input cannot be used.`
