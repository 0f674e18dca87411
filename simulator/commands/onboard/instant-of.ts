import { instantFromIso, instantFromMs, type Instant } from '#shared/time.ts'
import { messageOf, unusable } from '../options.ts'

/** The instant of `--now`, or this one; ends the command where the text is none. */
export function instantOf(text: string | undefined): Instant {
  if (text === undefined) return instantFromMs(Date.now())
  try {
    return instantFromIso(text)
  } catch (error) {
    return unusable(`--now: ${messageOf(error)}`)
  }
}
