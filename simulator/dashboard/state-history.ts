import { shift, type Instant } from '#shared/time.ts'
import type { Standings } from '../engine/world.ts'
import type { Plot } from '../report/page/plots.ts'
import { roundStepMs } from '../report/steps.ts'

/** As many points as a plot of a wide screen can show apart; the other plots have as many. */
const POINTS_MAX = 400

const states = ['active', 'renewing', 'enrolling', 'unenrolled', 'lapsed', 'revoked'] as const

/** How many devices were in each state, over simulated time. */
export interface StateHistory {
  /** Call it at each instant; devices are counted once for each step of the plot. */
  observe(at: Instant, standings: () => Standings): void
  /** One area for each state that any device was in, standing on each other. */
  plot(): Plot
}

/** Keeps one count for each of at most 400 steps of round length. */
export function createStateHistory(start: Instant, durationMs: number): StateHistory {
  const stepMs = roundStepMs(durationMs, POINTS_MAX)
  const counts: { readonly at: Instant; readonly standings: Standings }[] = []
  let nextAt: number = start
  return {
    observe(at, standings) {
      if (at < nextAt) return
      const step = Math.floor((at - start) / stepMs)
      nextAt = start + (step + 1) * stepMs
      const found = standings()
      // Where nobody woke nobody changed.
      const unchanged = counts.at(-1)?.standings ?? found
      for (let index = counts.length; index <= step; index += 1) {
        const isThis = index === step
        counts.push({
          at: shift(start, index * stepMs),
          standings: isThis ? found : unchanged,
        })
      }
    },
    plot: () => ({
      id: 'states',
      title: 'Devices by state',
      summary: summaryOf(counts.at(-1)?.standings ?? {}),
      kind: 'bars',
      unit: '',
      times: counts.map(({ at }) => at),
      stepMs,
      series: states
        .map((state, index) => ({
          label: state,
          values: counts.map(({ standings }) => standings[state] ?? 0),
          colour: state === 'active' ? '--accepted' : `--reason-${index}`,
        }))
        .filter(({ values }) => values.some((value) => value > 0)),
    }),
  }
}

function summaryOf(standings: Standings): string {
  const told = states.flatMap((state) => {
    const count = standings[state] ?? 0
    return count === 0 ? [] : [`${count} ${state}`]
  })
  return told.length === 0 ? 'No device was counted yet.' : `Now: ${told.join(', ')}.`
}
