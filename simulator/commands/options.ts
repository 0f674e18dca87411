import { InvalidArgumentError, type Command } from 'commander'

/** A whole number of at least `min`, as an option's argument. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number
    throw new InvalidArgumentError(`expected a whole number of at least ${min}`)
  }
}

/** A number above 0, as an option's argument. */
export function positiveNumber(text: string): number {
  const number = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number
  throw new InvalidArgumentError('expected a number above 0')
}

/** Ends the command: the input cannot be used. */
export function unusable(message: string): never {
  console.error(`sallyport: ${message}`)
  process.exit(2)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Wrong usage is unusable input; a command's own settings are not inherited by those in it. */
export function withExits(command: Command): Command {
  for (const inner of command.commands) withExits(inner)
  return command.showHelpAfterError('(--help tells more)').exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })
}
