/** Where keys come from: `process.stdin`, or a fake. */
export interface KeySource {
  readonly isTTY?: boolean | undefined
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (keys: Buffer) => void): unknown
  off(event: 'data', listener: (keys: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
}

export interface RunKeys {
  /** Said beside the progress. */
  readonly hint: string
  /** Waits while the run is paused: to be called between instants. */
  readonly hold: () => Promise<void>
  /** Gives the terminal back. */
  stop(): void
}

/**
 * Listens for keys while a run goes on: `p` pauses it and lets it go on, `q` and Ctrl-C quit it in
 * order. Undefined where nobody is at a terminal.
 *
 * @param quit ends the run; a paused one as well, once it has been let go on
 */
export function listenForKeys(
  source: KeySource,
  { say, quit }: { readonly say: (text: string) => void; readonly quit: () => void },
): RunKeys | undefined {
  if (source.isTTY !== true || source.setRawMode === undefined) return undefined
  let goOn: (() => void) | undefined
  let held: Promise<void> | undefined
  const letGo = (): void => {
    goOn?.()
    held = undefined
  }
  const pauseOrGoOn = (): void => {
    if (held !== undefined) return letGo()
    say('paused: p goes on, q quits')
    held = new Promise((resolve) => (goOn = resolve))
  }
  const listen = (keys: Buffer): void => {
    for (const key of keys.toString('latin1')) {
      if (key === 'p') pauseOrGoOn()
      // In raw mode a terminal hands Ctrl-C over as a key (End of Text) and signals nothing.
      if (key === 'q' || key === '\u0003') {
        quit()
        letGo()
      }
    }
  }
  source.setRawMode(true)
  source.on('data', listen)
  source.resume()
  return {
    hint: 'p pauses, q quits',
    hold: async () => held,
    stop() {
      letGo()
      source.off('data', listen)
      source.setRawMode?.(false)
      source.pause()
    },
  }
}
