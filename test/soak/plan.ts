import { between, chance, pick, stream } from '#simulator/random.ts'

/** What happens to a target, when so many requests have begun. */
export interface Incident {
  readonly atRequest: number
  readonly untilRequest: number
  readonly target: number
  /** `killed`: the process ends at once, and a new one takes its port at the end. */
  readonly kind: 'killed' | 'slow'
}

/** One request of a soak. */
export interface PlannedRequest {
  /** 24 hexadecimal digits, unlike any other's. */
  readonly id: string
  readonly method: 'GET' | 'POST'
  readonly device: number
}

export interface Plan {
  readonly requests: readonly PlannedRequest[]
  /** In the order of their beginnings; none on a target that another one lasts on. */
  readonly incidents: readonly Incident[]
}

export interface PlanOptions {
  readonly seed: number
  readonly requests: number
  readonly targets: number
  readonly devices: number
}

/** Half of them kills; more requests bring more. */
const incidentsOf = (requests: number): number => Math.max(8, Math.floor(requests / 2500))

/** Everything that is drawn by chance in a soak. */
export function planSoak({ seed, requests, targets, devices }: PlanOptions): Plan {
  const random = stream(seed, 'soak', 'requests')
  return {
    requests: Array.from({ length: requests }, (_, index) => ({
      id: index.toString(16).padStart(24, '0'),
      method: chance(random, 0.3) ? 'POST' : 'GET',
      device: Math.floor(random.next() * devices),
    })),
    incidents: planIncidents(seed, requests, targets),
  }
}

function planIncidents(seed: number, requests: number, targets: number): readonly Incident[] {
  const random = stream(seed, 'soak', 'incidents')
  const count = incidentsOf(requests)
  const every = requests / (count + 1)
  const freeFrom = Array.from({ length: targets }, () => 0)
  const incidents: Incident[] = []
  for (let index = 0; index < count; index += 1) {
    const atRequest = Math.floor((index + 1) * every)
    const free = freeFrom.flatMap((from, target) => (from <= atRequest ? [target] : []))
    if (free.length === 0) continue
    const target = pick(random, free)
    const untilRequest = Math.floor(atRequest + every * between(random, 0.3, 2.5))
    freeFrom[target] = untilRequest
    incidents.push({ atRequest, untilRequest, target, kind: index % 2 === 0 ? 'killed' : 'slow' })
  }
  return incidents
}
