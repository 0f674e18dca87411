import { judge, type Goal, type Section } from './bench.ts'
import type { Figure } from './measure.ts'

/** A section for people: a line a contender with its ratio to the first, then a line a goal. */
export function tableOf(section: Section): string {
  const [first] = section.figures
  const lines = section.figures.map((figure) => figureLine(figure, section, first ?? figure))
  const goals = section.goals.map((goal) => {
    const word = judge(section, goal).holds ? 'holds' : 'MISSED'
    return `  ${word}: ${goalText(goal, section)}`
  })
  return [...lines, ...goals].join('\n')
}

function figureLine(figure: Figure, { figures, unit }: Section, first: Figure): string {
  const width = Math.max(...figures.map(({ name }) => name.length))
  const cost = `${rounded(figure.median)} ${unit}`.padStart(16)
  const least = `(${rounded(figure.min)})`.padEnd(12)
  return `  ${figure.name.padEnd(width)} ${cost} ${least} ${rounded(figure.median / first.median)}x`
}

/** What was measured and what it should have been: `ours 3.1 µs, goal at most 2 µs`. */
export function goalText(goal: Goal, section: Section): string {
  const { of, to, atMost, atLeast } = goal
  const unit = to === undefined ? ` ${section.unit}` : `x ${to}`
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  return `${of} ${rounded(judge(section, goal).figure)}${unit}, goal ${bound}${unit}`
}

/** Three digits that count: more would be noise. */
export function rounded(value: number): string {
  if (value >= 1000) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
