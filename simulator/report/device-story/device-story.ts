import type { LogLine } from './log-line.ts'
import { tellLine } from './tell-line.ts'

/** One moment in a device's life: the facts of its line, and what they say. */
export interface Moment {
  readonly told: string
  readonly line: LogLine
}

/** The story of one device, gathered line by line. */
export interface DeviceStory {
  take(line: LogLine): void
  /** What happened to it, to its certificates in other hands, and to the world around, in order of time. */
  moments(): readonly Moment[]
  /** Whether the log names the device. */
  isKnown(): boolean
  /** Every name of the log, in the order of their appearance. */
  names(): readonly string[]
}

/** Gathers the story of a device from the lines of a log, which are in the order of time. */
export function createDeviceStory(device: string): DeviceStory {
  const names = new Set<string>()
  const serials = new Set<string>()
  const lines: LogLine[] = []
  let awaitsList = false

  function concerns(line: LogLine): boolean {
    if (isOfWorld(line)) return line.event !== 'crls_published' || awaitsList
    if (line.device === device || line.actor === device) return true
    // In other hands: what was forged after it, or a cookie of its that was copied.
    return serials.has(line.serial ?? '') || serials.has(line.cookieSerial ?? '')
  }

  return {
    take(line) {
      const name = line.device ?? line.actor
      if (name !== undefined) names.add(name)
      if (line.device === device && line.serial !== undefined) serials.add(line.serial)
      if (concerns(line)) lines.push(line)
      if (line.event === 'revoked' && line.device === device) awaitsList = true
      if (line.event === 'crls_published') awaitsList = false
    },
    moments: () =>
      lines
        .toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
        .map((line) => ({ line, told: tellLine(line, device) })),
    isKnown: () => names.has(device),
    names: () => [...names],
  }
}

/** Of nobody: a phase, a fault, a list that is published. Lists that are withheld are known by their fault. */
function isOfWorld({ device, actor, event }: LogLine): boolean {
  return device === undefined && actor === undefined && event !== 'crls_withheld'
}
