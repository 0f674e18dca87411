import { setupName, type GatewaySetup } from '../gateways/gateway.ts'
import { invariants, type Check, type InvariantId, type TlsVersion } from './stage.ts'

/** Attempts that came out wrong in the same way, under one TLS version or both. */
export interface Finding {
  readonly setup: string
  readonly fault: string
  readonly headline: string
  readonly invariant: InvariantId
  readonly tls: readonly TlsVersion[]
  /** What was done and what came back, of the first of them. */
  readonly story: readonly string[]
}

/** What of the checks of one gateway did not hold, each way of it once. */
export function findingsOf(setup: GatewaySetup, checks: readonly Check[]): readonly Finding[] {
  const groups = new Map<string, Check[]>()
  for (const check of checks.filter(({ holds }) => !holds)) {
    const key = JSON.stringify([check.fault, check.subject, check.way])
    groups.set(key, [...(groups.get(key) ?? []), check])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const tls = [...new Set(group.map((check) => check.tls))]
    const { fault, invariant, story } = first
    return { setup: setupName(setup), fault, headline: headlineOf(first), invariant, tls, story }
  })
}

const comesBy: Readonly<Record<Check['way'], string>> = {
  full: 'by a full handshake',
  resumed: 'by a session that it kept',
  held: 'over a line that it held',
}

function headlineOf({ subject, way, must, outcome }: Check): string {
  const how = comesBy[way]
  if (must === 'out') return `"${subject}" is let in ${how}`
  return outcome.said === 'tcp.refused'
    ? `"${subject}" is locked out: nobody listens any more`
    : `"${subject}" is locked out, ${how}`
}

/** A finding for people: what, against which promise, and how it came to it. */
export function storyLines({ setup, headline, invariant, tls, story }: Finding): readonly string[] {
  const versions = tls.map((version) => version.replace('v', ' ')).join(' and ')
  return [
    `${setup}: ${headline}  (${versions})`,
    `  breaks ${invariant}: ${invariants[invariant]}`,
    ...story.map(
      (line, index) => `  ${index + 1}. ${line}${index === story.length - 1 ? '   <<<' : ''}`,
    ),
  ]
}
