/** Milliseconds of each unit a scenario may write. */
const units = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const

export const durationExpected = 'a duration with a unit, like 30d, 12h, 5m, 10s or 250ms'

/** Milliseconds of a text like `30d` or `1.5h`; undefined where it is not a number and one unit. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) return undefined
  return Math.round(Number(amount) * units[unit as keyof typeof units])
}

/** A duration as a scenario writes it, in the largest unit that leaves no fraction: `90d`, `36h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const fits = (['d', 'h', 'm', 's'] as const).find((unit) => ms % units[unit] === 0)
  return fits === undefined ? `${ms}ms` : `${ms / units[fits]}${fits}`
}
