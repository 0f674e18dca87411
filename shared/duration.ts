/** Milliseconds of each unit a configuration may write. */
const units = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const

export const durationExpected = 'a duration with units, like 30d, 12h, 5m, 10s, 250ms or 1d12h'

/** Milliseconds of a text like `30d`, `1.5h` or `10d5h`; undefined where it is not numbers with units. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    ms += Number(amount) * units[unit as keyof typeof units]
  }
  return Math.round(ms)
}

/** A duration in the largest unit that leaves no fraction: `90d`, `36h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const fits = (['d', 'h', 'm', 's'] as const).find((unit) => ms % units[unit] === 0)
  return fits === undefined ? `${ms}ms` : `${ms / units[fits]}${fits}`
}
