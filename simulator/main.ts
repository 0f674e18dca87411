import { Command } from 'commander'
import { inspectCommand } from './commands/inspect.ts'
import { runCommand } from './commands/run.ts'
import { verifyCommand } from './commands/verify.ts'

/** Exit statuses: 0 as wished, 1 the answer is no, 2 the input cannot be used, 130 interrupted. */
const program = new Command('sallyport')
  .description('Mutual-TLS client authentication at the edge, proven against a simulated fleet')
  .version('0.1.0')
  .addCommand(runCommand())
  .addCommand(verifyCommand())
  .addCommand(inspectCommand())

// Wrong usage is unusable input; a command's own settings are not inherited.
for (const command of [program, ...program.commands]) {
  command.showHelpAfterError('(--help tells more)').exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })
}

await program.parseAsync()
