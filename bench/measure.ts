/** Something that can be done many times, and what it cost. */
export interface Contender {
  readonly name: string
  /** Does it so many times. Microseconds of CPU that all of them took, threads beside included. */
  cpuUs(times: number): Promise<number>
}

/** What one contender costs. */
export interface Figure {
  readonly name: string
  readonly median: number
  /** The least of all rounds: where it is far below the median, the machine was busy. */
  readonly min: number
}

export interface Rounds {
  /** Rounds that count, behind those that warm up. */
  readonly count: number
  /** How long one turn lasts at least, so that the clock's steps do not matter; in microseconds of CPU. */
  readonly turnUs: number
}

/**
 * Microseconds of CPU for one operation of each contender. They take turns, round by round, so that
 * whatever else the machine does falls on all of them alike; compare the medians, and their ratios.
 */
export async function alternate(
  contenders: readonly Contender[],
  { count, turnUs }: Rounds,
): Promise<Figure[]> {
  const runners = []
  for (const contender of contenders) {
    runners.push({ contender, times: await calibrate(contender, turnUs), costs: [] as number[] })
  }
  for (let round = -warmUpRounds; round < count; round += 1) {
    for (const { contender, times, costs } of runners) {
      const cost = (await contender.cpuUs(times)) / times
      if (round >= 0) costs.push(cost)
    }
  }
  return runners.map(({ contender: { name }, costs }) => figureOf(name, costs))
}

/** A second of a path's verification until V8 has compiled all of it, at turns of 300 ms. */
const warmUpRounds = 3

/** How often an operation has to be done to last `turnUs`. Grows step by step: code that is cold is slow. */
async function calibrate(contender: Contender, turnUs: number): Promise<number> {
  let times = 1
  for (;;) {
    const cost = await contender.cpuUs(times)
    if (cost >= turnUs) return times
    // A step of the clock may hide a whole turn: then twice as often, as from the smallest cost.
    times = Math.ceil(times * Math.min(10, Math.max(1.2, turnUs / Math.max(cost, 1))))
  }
}

export function figureOf(name: string, costs: readonly number[]): Figure {
  return { name, median: median(costs), min: Math.min(...costs) }
}

/** The middle one, the upper of two; throws a RangeError where there is none. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  if (middle === undefined) throw new RangeError('no value, no median')
  return middle
}
