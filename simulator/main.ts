import { Command } from 'commander'
import { chaosCommand } from './commands/chaos/chaos.ts'
import { compareCommand } from './commands/compare.ts'
import { deviceCommand } from './commands/device.ts'
import { inspectCommand } from './commands/inspect.ts'
import { onboardCommand } from './commands/onboard/onboard.ts'
import { unusable, withExits } from './commands/options.ts'
import { registryCommand } from './commands/registry/registry.ts'
import { runCommand } from './commands/run.ts'
import { scenarioCommand } from './commands/scenario/scenario.ts'
import { soakCommand } from './commands/soak.ts'
import { trustStoreCommand } from './commands/trust-store/trust-store.ts'
import { verifyCommand } from './commands/verify.ts'
import { missingPackage } from './missing-package.ts'

/**
 * Exit statuses: 0 as wished, 1 the answer is no, 2 the input cannot be used, 130 interrupted, 141
 * nobody reads the output on.
 */
const program = new Command('sallyport')
  .description('Mutual-TLS client authentication at the edge, proven against a simulated fleet')
  .version('0.1.0')
  .addCommand(runCommand())
  .addCommand(scenarioCommand())
  .addCommand(compareCommand())
  .addCommand(deviceCommand())
  .addCommand(chaosCommand())
  .addCommand(soakCommand())
  .addCommand(verifyCommand())
  .addCommand(inspectCommand())
  .addCommand(onboardCommand())
  .addCommand(trustStoreCommand())
  .addCommand(registryCommand())

withExits(program)

for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithoutOutput)

await program.parseAsync().catch((error: unknown) => {
  const missing = missingPackage(error)
  if (missing === undefined) throw error
  console.error(missing)
  process.exitCode = 2
})

/** As `| head` ends whoever writes on: with the status of SIGPIPE, and nothing said. */
function endWithoutOutput(error: NodeJS.ErrnoException): void {
  // A pipeline ends its output with the fault of its input, which is told by whoever made it.
  if (error.syscall !== 'write') return
  if (error.code === 'EPIPE') process.exit(141)
  unusable(`the output cannot be written: ${error.message}`)
}
