import { readLogLine, type LogLine } from '../report/device-story/log-line.ts'
import { tellLine } from '../report/device-story/tell-line.ts'

/** More than the longest name that a scenario gives: a kind, a dash, a number. */
export const deviceIdMax = 128

/** As many events of one device as a person reads; of more, the latest. */
const eventsMax = 200

/** What one device lived through so far, the latest last. */
export interface DeviceStory {
  readonly device: string
  /** How many events there are, told or not. */
  readonly count: number
  readonly events: readonly {
    readonly at: string
    readonly told: string
    readonly wrong: boolean
  }[]
}

/**
 * The latest of a device's own events, while the run goes on: lines are looked for as text and only
 * those that are told are read, so that the run hardly waits. All that concerns it is told by
 * `sallyport device` when the run is over.
 *
 * @param lines the event log, one JSON line each: of an attempt by `actor`, of all else by `device`
 */
export function deviceStory(device: string, lines: readonly string[]): DeviceStory {
  const quoted = JSON.stringify(device)
  const marks = [`"actor":${quoted}`, `"device":${quoted}`]
  const mine = lines.filter(
    (line) => line.includes(quoted) && marks.some((mark) => line.includes(mark)),
  )
  return {
    device,
    count: mine.length,
    events: mine.slice(-eventsMax).map((line) => tell(line, device)),
  }
}

function tell(text: string, device: string): DeviceStory['events'][number] {
  const line = readLogLine(text)
  if (!line.ok) throw new Error(`the event log has a line that is no event: ${line.error}`)
  const { at } = line.value
  const when = at.slice(0, 19).replace('T', ' ')
  return { at: when, told: tellLine(line.value, device), wrong: isWrong(line.value) }
}

function isWrong({ verdict }: LogLine): boolean {
  return verdict !== undefined && verdict !== 'right' && verdict !== 'either'
}
