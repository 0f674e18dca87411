/**
 * Ends the command at Ctrl-C and SIGTERM with status 130, and says how far it has come.
 *
 * @param soFar a sentence, asked for when the signal is there
 */
export function tellOnSignals(soFar: () => string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.error(`interrupted: ${soFar()}`)
      process.exit(130)
    })
  }
}
