import { formatDuration, parseDuration } from '#shared/duration.ts'
import { scenarioOf, type Sketch } from './draw.ts'

/** Lives tried to cut one failure down: each takes a fraction of a second. */
const triesMax = 120

/**
 * The smallest world near `sketch` that still fails: parts are taken out one by one, numbers halved,
 * as long as `fails` says so (delta debugging, one pass after another until none helps).
 */
export async function shrink(
  sketch: Sketch,
  fails: (smaller: Sketch) => Promise<boolean>,
): Promise<{ readonly sketch: Sketch; readonly tries: number }> {
  let smallest = sketch
  let tries = 0
  for (;;) {
    const before = smallest
    for (const candidate of smallerThan(smallest)) {
      if (tries >= triesMax) return { sketch: smallest, tries }
      const next = candidate(smallest)
      if (next === undefined || scenarioOf(next) === undefined) continue
      tries += 1
      if (await fails(next)) smallest = next
    }
    if (smallest === before) return { sketch: smallest, tries }
  }
}

/** Makes a sketch smaller in one way; undefined where there is nothing left of it to take. */
type Cut = (sketch: Sketch) => Sketch | undefined

/** The boldest cuts first. Places count from the end, so that a cut moves none that is still to come. */
function smallerThan({ fleets, revocations, hostile, chaos, phases }: Sketch): readonly Cut[] {
  return [
    halveTime,
    ...placesOf(phases).map(
      (at): Cut =>
        (sketch) =>
          keepPhase(sketch, at),
    ),
    (sketch) => ({ ...sketch, hostile: [] }),
    (sketch) => ({ ...sketch, chaos: [] }),
    (sketch) => ({ ...sketch, revocations: [] }),
    oneEdge,
    wholeLists,
    ...placesOf(fleets).map(
      (at): Cut =>
        (sketch) =>
          dropFleet(sketch, at),
    ),
    ...placesOf(hostile).map(
      (at): Cut =>
        (sketch) =>
          dropped(sketch, 'hostile', at),
    ),
    ...placesOf(chaos).map(
      (at): Cut =>
        (sketch) =>
          dropped(sketch, 'chaos', at),
    ),
    ...placesOf(revocations).map(
      (at): Cut =>
        (sketch) =>
          dropped(sketch, 'revocations', at),
    ),
    ...placesOf(fleets).map(
      (at): Cut =>
        (sketch) =>
          halveFleet(sketch, at),
    ),
  ]
}

function placesOf(list: readonly unknown[]): readonly number[] {
  return list.map((_, index) => list.length - 1 - index)
}

function dropped(
  sketch: Sketch,
  name: 'hostile' | 'chaos' | 'revocations',
  at: number,
): Sketch | undefined {
  const list = sketch[name]
  return at < list.length
    ? { ...sketch, [name]: list.filter((_, index) => index !== at) }
    : undefined
}

function dropFleet(sketch: Sketch, at: number): Sketch | undefined {
  const gone = sketch.fleets[at]
  if (gone === undefined || sketch.fleets.length === 1) return undefined
  return {
    ...sketch,
    fleets: sketch.fleets.filter((_, index) => index !== at),
    revocations: sketch.revocations.filter(({ kind }) => kind !== gone.kind),
  }
}

function halveFleet(sketch: Sketch, at: number): Sketch | undefined {
  const fleet = sketch.fleets[at]
  if (fleet === undefined || fleet.count < 2) return undefined
  const halved = { ...fleet, count: Math.ceil(fleet.count / 2) }
  return {
    ...sketch,
    fleets: sketch.fleets.map((each, index) => (index === at ? halved : each)),
  }
}

function oneEdge(sketch: Sketch): Sketch | undefined {
  const { edge } = sketch
  return edge.count === 1 ? undefined : { ...sketch, edge: { ...edge, count: 1 } }
}

/** One list of each issuing CA. */
function wholeLists(sketch: Sketch): Sketch | undefined {
  const { pki } = sketch
  if (pki.crl.partitions === 1) return undefined
  return { ...sketch, pki: { ...pki, crl: { ...pki.crl, partitions: 1 } } }
}

/** One phase for the whole run. */
function keepPhase(sketch: Sketch, at: number): Sketch | undefined {
  const phase = sketch.phases[at]
  if (phase === undefined || sketch.phases.length === 1) return undefined
  return { ...sketch, phases: [{ ...phase, for: sketch.time.duration }] }
}

/** The first half of the run: what was planned for the other half is left out. */
function halveTime(sketch: Sketch): Sketch | undefined {
  const durationMs = Math.floor((parseDuration(sketch.time.duration) ?? 0) / 2 / hourMs) * hourMs
  if (durationMs < leastMs) return undefined
  const isBefore = ({ at }: { readonly at: string }): boolean =>
    (parseDuration(at) ?? Number.POSITIVE_INFINITY) < durationMs
  const phases = sketch.phases.map((phase) => ({
    ...phase,
    for: formatDuration((parseDuration(phase.for) ?? 0) / 2),
  }))
  return {
    ...sketch,
    time: { ...sketch.time, duration: formatDuration(durationMs) },
    phases,
    revocations: sketch.revocations.filter(isBefore),
    chaos: sketch.chaos.filter(isBefore),
  }
}

const hourMs = 3_600_000
const leastMs = 2 * hourMs
