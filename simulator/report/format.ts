import { isoFromInstant, type Instant } from '#shared/time.ts'

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** A count as people read it: `22,183`. */
export function formatCount(count: number): string {
  return whole.format(count)
}

/** Milliseconds to three significant digits: `0.84`, `12.3`, `1,240`; a dash where nothing was measured. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return ms >= 1000 ? whole.format(ms) : String(Number(ms.toPrecision(3)))
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const

/** A duration in its two largest units: `14 d`, `3 h 20 min`, `4.2 s`, `0 s`. Input in milliseconds. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`
  const largest = units.findIndex((unit) => ms >= unit.ms)
  const [first, second] = units.slice(largest, largest + 2)
  if (first === undefined || second === undefined) return `${Math.round(ms / 1000)} s`
  const rounded = Math.round(ms / second.ms) * second.ms
  const wholes = Math.floor(rounded / first.ms)
  const rest = Math.round((rounded - wholes * first.ms) / second.ms)
  return rest === 0 ? `${wholes} ${first.name}` : `${wholes} ${first.name} ${rest} ${second.name}`
}

/** `2027-01-31`, in UTC. */
export function formatDate(at: Instant): string {
  return isoFromInstant(at).slice(0, 10)
}

/** `2027-01-31 08:15:00`, in UTC. */
export function formatInstant(at: Instant): string {
  return isoFromInstant(at).slice(0, 19).replace('T', ' ')
}

/** Bytes in MiB: `312 MiB`. */
export function formatMemory(bytes: number): string {
  return `${whole.format(bytes / 1_048_576)} MiB`
}

/** Part of a whole: `92.4 %`; a dash where the whole is nothing. */
export function formatShare(part: number, total: number): string {
  return total === 0 ? '–' : `${((part / total) * 100).toFixed(1)} %`
}

/** `1 device`, `2 devices`. */
export function formatQuantity(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/** A code as words, for headings and legends: `no_certificate` is `no certificate`. */
export function formatCode(code: string): string {
  return code.replaceAll('_', ' ')
}
