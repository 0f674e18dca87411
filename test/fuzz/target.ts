import type { Random } from '#simulator/random.ts'

/** What is fed to one part of the core, and what must hold of it whatever the input is. */
export interface Target {
  readonly name: string
  /** How many of a thousand inputs it gets of a run over all targets. */
  readonly share: number
  /** The input that a stream of chance makes; the same stream, the same input. */
  readonly make: (random: Random) => Input
}

/** One input: its octets, to be written down, and the question whether all holds of it. */
export interface Input {
  readonly octets: () => Uint8Array
  /** Throws what it finds. Whether the input was taken. */
  readonly ask: () => boolean | Promise<boolean>
}

/** What must never happen has happened. */
class Finding extends Error {}

/** @throws where it does not hold */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Finding(what)
}
