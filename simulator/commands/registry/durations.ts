import { InvalidArgumentError } from 'commander'
import { durationExpected, parseDuration } from '#shared/duration.ts'

/** A duration above nothing, as an option's argument: milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError(`expected ${durationExpected}`)
}
