import { InvalidArgumentError, type Command } from 'commander'

/** A whole number from `min` to `max`, as an option's argument. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max < Number.MAX_SAFE_INTEGER ? `from ${min} to ${max}` : `of at least ${min}`
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`expected a whole number ${range}`)
  }
}

/** A TCP port, as an option's argument; 0 takes any free one. */
export const portNumber = wholeNumber(0, 65_535)

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

/**
 * Why a file could not be read, with its name, which Node's own message leaves out for a directory.
 * Whatever else went wrong is told in its own words.
 */
export function fileFault(file: string, error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return messageOf(error)
  const why = fileFaults.get(error.code)
  const named = 'path' in error && typeof error.path === 'string' ? error.path : file
  return why === undefined ? error.message : `${named}: ${why}`
}

const fileFaults: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'this is a directory, and a file was expected'],
  ['EACCES', 'it may not be read by this user'],
])

/** Wrong usage is unusable input; a command's own settings are not inherited by those in it. */
export function withExits(command: Command): Command {
  for (const inner of command.commands) withExits(inner)
  return command.showHelpAfterError('(--help tells more)').exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })
}
