import { instantFromIso } from '#shared/time.ts'
import { formatCount, formatInstant, formatQuantity } from '../format.ts'
import { printable, type Paint } from '../paint.ts'
import type { Moment } from './device-story.ts'

/** The story for a terminal: a summary, then a line for each moment; the same thing again is folded. */
export function renderStory(device: string, moments: readonly Moment[], paint: Paint): string {
  const own = moments.filter(({ line }) => line.actor === device)
  const counted = (outcome: string) =>
    formatCount(own.filter(({ line }) => line.outcome === outcome).length)
  const wrong = moments.filter(({ line }) => isWrong(line.verdict)).length
  const certificates = moments.filter(
    ({ line }) => line.device === device && (line.event === 'enroll' || line.event === 'renew'),
  ).length
  return [
    paint.bold(printable(device)),
    `${formatQuantity(certificates, 'certificate')}, ${formatQuantity(own.length, 'attempt')}: ` +
      `${counted('accepted')} accepted, ${counted('refused')} refused, ${counted('broken')} without a decision; ` +
      (wrong === 0 ? 'none wrong' : paint.bad(`${formatCount(wrong)} WRONG`)),
    '',
    ...folded(moments).map((fold) => lineOf(fold, paint)),
    '',
  ].join('\n')
}

interface Fold {
  readonly moment: Moment
  readonly times: number
  readonly until: string
}

/** Moments that say the same, one after the other, are one with a count. */
function folded(moments: readonly Moment[]): readonly Fold[] {
  const folds: Fold[] = []
  for (const moment of moments) {
    const last = folds.at(-1)
    const until = moment.line.at
    if (last !== undefined && last.moment.told === moment.told) {
      folds[folds.length - 1] = { moment: last.moment, times: last.times + 1, until }
    } else folds.push({ moment, times: 1, until })
  }
  return folds
}

function lineOf({ moment: { line, told }, times, until }: Fold, paint: Paint): string {
  const again = times === 1 ? '' : ` (${formatCount(times)} times, until ${minuteOf(until)})`
  const text = `${minuteOf(line.at)}  ${printable(told)}${again}`
  if (isWrong(line.verdict)) return paint.bad(text)
  return line.device === undefined && line.actor === undefined ? paint.dim(text) : text
}

function isWrong(verdict: Moment['line']['verdict']): boolean {
  return verdict !== undefined && verdict !== 'right' && verdict !== 'either'
}

function minuteOf(at: string): string {
  return formatInstant(instantFromIso(at))
}
