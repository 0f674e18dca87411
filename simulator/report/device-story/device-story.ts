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

/**
 * Gathers the story of a device from the lines of a log in whatever order: of a run on threads they come
 * life by life. Keeps its own lines, the world's, and those of attackers.
 */
export function createDeviceStory(device: string): DeviceStory {
  const names = new Set<string>()
  const serials = new Set<string>()
  const kept: LogLine[] = []
  const isOwn = (line: LogLine): boolean => line.device === device || line.actor === device
  const concerns = (line: LogLine): boolean =>
    isOwn(line) ||
    isOfWorld(line) ||
    // In other hands: what was forged after it, or a cookie of its that was copied.
    serials.has(line.serial ?? '') ||
    serials.has(line.cookieSerial ?? '')
  return {
    take(line) {
      const name = line.device ?? line.actor
      if (name !== undefined) names.add(name)
      if (line.device === device && line.serial !== undefined) serials.add(line.serial)
      if (isOwn(line) || isOfWorld(line) || isOfAttacker(line)) kept.push(line)
    },
    moments: () =>
      awaitedLists(kept.filter(concerns).toSorted(byInstant), device).map((line) => ({
        line,
        told: tellLine(line, device),
      })),
    isKnown: () => names.has(device),
    names: () => [...names],
  }
}

/** Of nobody: a phase, a fault, a list that is published. Lists that are withheld are known by their fault. */
function isOfWorld({ device, actor, event }: LogLine): boolean {
  return device === undefined && actor === undefined && event !== 'crls_withheld'
}

/** Of somebody who may use what is another's: what is planned of them bounds how many there are. */
function isOfAttacker({ actor, intent }: LogLine): boolean {
  return actor !== undefined && intent !== 'regular' && intent !== 'revoked_goes_on'
}

/** Of all lists only the first behind a revocation of the device. */
function awaitedLists(lines: readonly LogLine[], device: string): readonly LogLine[] {
  let isAwaited = false
  return lines.filter(({ event, device: whose }) => {
    if (event === 'revoked' && whose === device) isAwaited = true
    if (event !== 'crls_published') return true
    const isTold = isAwaited
    isAwaited = false
    return isTold
  })
}

function byInstant(one: LogLine, other: LogLine): number {
  if (one.at !== other.at) return one.at < other.at ? -1 : 1
  return rankOf(one) - rankOf(other)
}

/** In one instant the world comes before its devices, and a revocation before the list that names it. */
function rankOf(line: LogLine): number {
  if (line.event === 'revoked') return 1
  if (line.event === 'crls_published') return 2
  return isOfWorld(line) ? 0 : 3
}
