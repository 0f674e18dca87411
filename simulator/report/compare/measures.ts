import { exposureMeans } from '#simulator/scenario/scenario.ts'
import { phaseMatrix } from '../phase-matrix.ts'
import type { ComparedResult } from './read-result.ts'

/** What a measure tells about; the parts of a comparison stand in this order. */
export const measureParts = [
  'oracle',
  'decisions',
  'exposure',
  'availability',
  'recovery',
  'latency',
  'planned events',
  'cost',
] as const

export type MeasurePart = (typeof measureParts)[number]

/** One number of a result. `phase` is undefined for the whole run; a ratio is from 0 to 1. */
export interface Measure {
  readonly part: MeasurePart
  readonly name: string
  readonly phase: string | undefined
  readonly unit: 'count' | 'ms' | 'ratio' | 'bytes'
  readonly value: number
}

/** Every number of a result that is compared. What was not measured is missing. */
export function measuresOf(result: ComparedResult): readonly Measure[] {
  return [
    ...oracleMeasures(result),
    ...phaseMeasures(result),
    ...exposureMeasures(result),
    ...availabilityMeasures(result),
    ...recoveryMeasures(result),
    ...result.events.map(({ event, count }) => whole('planned events', event, 'count', count)),
    whole('cost', 'certificates issued', 'count', result.certificatesIssued),
    whole('cost', 'real time', 'ms', result.wallMs),
    whole('cost', 'CPU time', 'ms', result.cpuMs),
    whole('cost', 'memory at peak', 'bytes', result.peakRssBytes),
  ]
}

/** A measure of the whole run. */
function whole(part: MeasurePart, name: string, unit: Measure['unit'], value: number): Measure {
  return { part, name, phase: undefined, unit, value }
}

function oracleMeasures(result: ComparedResult): readonly Measure[] {
  return [
    whole('oracle', 'wrong accepts', 'count', result.wrongAccepts),
    whole('oracle', 'unexplained refusals', 'count', result.unexplainedRefusals),
    whole('oracle', 'attempts without a decision', 'count', result.broken),
  ]
}

/** The table of phases, number by number: the whole run first, then each phase. */
function phaseMeasures(result: ComparedResult): readonly Measure[] {
  const { phases, rows } = phaseMatrix(result)
  return rows.flatMap(({ label, kind, cells, total }) => {
    const part = kind === 'latency' ? ('latency' as const) : ('decisions' as const)
    const unit = kind === 'latency' ? ('ms' as const) : ('count' as const)
    const name = kind === 'code' ? `refused: ${label}` : label.replace(/, ms$/, '')
    return [
      ...(total === undefined ? [] : [{ part, name, phase: undefined, unit, value: total }]),
      ...phases.flatMap((phase, index) => {
        const value = cells[index]
        return value === undefined ? [] : [{ part, name, phase: phase.name, unit, value }]
      }),
    ]
  })
}

function exposureMeasures(result: ComparedResult): readonly Measure[] {
  const { exposures, exposureByMeans } = result
  return [
    whole('exposure', 'longest', 'ms', longestExposureMs(result)),
    whole('exposure', 'above its bound', 'count', overexposed(result).length),
    whole('exposure', 'revoked certificates', 'count', exposures.length),
    ...exposureMeans.flatMap((means) => {
      const found = exposureByMeans[means]
      if (found === undefined) return []
      return [
        whole('exposure', `longest by ${means}`, 'ms', found.exposureMs),
        whole('exposure', `tries by ${means}`, 'count', found.tries),
      ]
    }),
  ]
}

/** The longest that any revoked certificate was let in after its publication; 0 without any. */
export function longestExposureMs({ exposures }: ComparedResult): number {
  // No spread into Math.max: a mass revocation has more windows than a call takes arguments.
  return exposures.reduce((longest, { exposureMs }) => Math.max(longest, exposureMs), 0)
}

/** Revoked certificates that were let in for longer than the scenario's bound on staleness. */
export function overexposed({ exposures, scenario }: ComparedResult): ComparedResult['exposures'] {
  return exposures.filter(({ exposureMs }) => exposureMs > scenario.maxStalenessMs)
}

function availabilityMeasures({ availability }: ComparedResult): readonly Measure[] {
  return Object.entries(availability).flatMap(([kind, { attempts, accepted }]) => [
    ...(attempts === 0 ? [] : [whole('availability', kind, 'ratio', accepted / attempts)]),
    whole('availability', `attempts of kind ${kind}`, 'count', attempts),
  ])
}

function recoveryMeasures({ recoveries }: ComparedResult): readonly Measure[] {
  if (recoveries.length === 0) return []
  return [
    whole(
      'recovery',
      'slowest',
      'ms',
      recoveries.reduce((slowest, { recoveredMs }) => Math.max(slowest, recoveredMs), 0),
    ),
    whole('recovery', 'devices that failed', 'count', sum(recoveries.map(({ failed }) => failed))),
    whole('recovery', 'still waiting', 'count', sum(recoveries.map(({ waiting }) => waiting))),
  ]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
