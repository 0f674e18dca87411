import { createHash } from 'node:crypto'

/** One hash for each actor whose lines these are. */
export function digestsOf(lines: readonly string[]): readonly string[] {
  const byActor = new Map<string, string[]>()
  for (const line of lines) {
    const actor = actorOf(line)
    const own = byActor.get(actor)
    if (own === undefined) byActor.set(actor, [line])
    else own.push(line)
  }
  return [...byActor.values()].map((own) =>
    createHash('sha256').update(own.join('\n')).digest('hex'),
  )
}

function actorOf(line: string): string {
  const facts: unknown = JSON.parse(line)
  if (typeof facts !== 'object' || facts === null) return ''
  return String(Reflect.get(facts, 'device') ?? Reflect.get(facts, 'actor') ?? '')
}
