/** What the client saw of one request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** The connection ended before the whole answer was there. */
  | { readonly kind: 'cut' }

/** What one line of the connection log says of the request that it is about. */
export interface Logged {
  readonly id: string
  /** Undefined where the line tells of no problem. */
  readonly problem: string | undefined
}

/** What was seen of all requests, at the client, in the log and by the targets. */
export interface Seen {
  readonly ids: readonly string[]
  /** Every outcome, in any order. */
  readonly outcomes: readonly { readonly id: string; readonly outcome: Outcome }[]
  readonly logged: readonly Logged[]
  /** Every arrival at a target. */
  readonly arrivals: readonly { readonly id: string; readonly target: string }[]
}

export interface Verdict {
  readonly requests: number
  /** By a target, whole. */
  readonly answered: number
  /** By what the client was told in place of an answer. */
  readonly dropped: Readonly<Record<string, number>>
  /** What must not be; empty in a soak that passed. The first of each kind are named. */
  readonly faults: readonly string[]
}

/** The statuses that count a request as dropped, and the problem that the log has to name. */
const droppedAs: ReadonlyMap<number, string> = new Map([
  [502, 'target_unreachable'],
  [503, 'target_unavailable'],
  [504, 'target_timeout'],
])

/** Nobody reads more of one soak. */
const faultsMax = 20

/**
 * Joins what client, log and targets saw of each request: it was answered once, by one target that it
 * reached once, or is counted as dropped, and reached one target at most; and it was logged once.
 */
export function judge({ ids, outcomes, logged, arrivals }: Seen): Verdict {
  const known = new Set(ids)
  const outcomesById = grouped(outcomes)
  const loggedById = grouped(logged)
  const arrivalsById = grouped(arrivals)
  const dropped: Record<string, number> = {}
  const faults: string[] = []
  let answered = 0
  for (const { id } of [...outcomes, ...logged, ...arrivals]) {
    if (!known.has(id)) faults.push(`${id}: seen, and never sent`)
  }
  for (const id of ids) {
    const all = outcomesById.get(id) ?? []
    const lines = loggedById.get(id) ?? []
    const reached = arrivalsById.get(id) ?? []
    const [first] = all
    if (all.length !== 1 || first === undefined) faults.push(`${id}: ${all.length} outcomes`)
    if (lines.length !== 1) faults.push(`${id}: logged ${lines.length} times`)
    if (reached.length > 1) faults.push(`${id}: reached ${reached.length} targets`)
    if (first === undefined) continue
    const end = endOf(id, first.outcome, lines[0]?.problem, reached[0]?.target)
    if (end.kind === 'fault') faults.push(`${id}: ${end.because}`)
    if (end.kind === 'answered') answered += 1
    if (end.kind === 'dropped') dropped[end.as] = (dropped[end.as] ?? 0) + 1
  }
  return { requests: ids.length, answered, dropped, faults: faults.slice(0, faultsMax) }
}

type End =
  | { readonly kind: 'answered' }
  | { readonly kind: 'dropped'; readonly as: string }
  | { readonly kind: 'fault'; readonly because: string }

function endOf(
  id: string,
  outcome: Outcome,
  problem: string | undefined,
  target: string | undefined,
): End {
  if (outcome.kind === 'cut') return { kind: 'dropped', as: 'cut' }
  const { status, body } = outcome
  const expected = droppedAs.get(status)
  if (problem !== expected) {
    return { kind: 'fault', because: `${status} was logged as ${problem ?? 'no problem'}` }
  }
  if (expected !== undefined) return { kind: 'dropped', as: expected }
  if (status !== 200) return { kind: 'fault', because: `answered with ${status}` }
  if (target === undefined) return { kind: 'fault', because: 'answered, and reached no target' }
  if (body === `${target} ${id}`) return { kind: 'answered' }
  return { kind: 'fault', because: `answered with "${body.slice(0, 80)}" by ${target}` }
}

function grouped<Item extends { readonly id: string }>(
  items: readonly Item[],
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(item.id)
    if (group === undefined) groups.set(item.id, [item])
    else group.push(item)
  }
  return groups
}
