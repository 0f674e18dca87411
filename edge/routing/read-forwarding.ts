import { duration, word, type Faults, type ListenerVariables } from '../variables.ts'
import { defaultForwarding, type Forwarding } from './forwarding.ts'
import { readRouting } from './read-routing.ts'
import type { Routing } from './routing.ts'
import { platformsThatTellSources } from './source-address.ts'

/** ALB's longest idle timeout. */
const timeoutMaxMs = 4_000_000

/** Reads `ROUTES`, `TARGET_GROUPS`, `TARGET_TIMEOUT`, `BODY_MAX` and `XFF_MODE`. */
export function readForwarding(
  variables: ListenerVariables,
  platform: string,
  faults: Faults,
): Forwarding {
  const routing = readRouting(variables, faults)
  if (routing !== undefined && asksForSource(routing) && !platformsThatTellSources.has(platform)) {
    const told = [...platformsThatTellSources].join(', ')
    faults.add('ROUTES', `no source-ip: only ${told} tell where a client is`, undefined)
  }
  return {
    routing,
    timeoutMs: readTimeout(variables, faults),
    bodyOctetsMax: readBodyMax(variables, faults),
    xff: word(variables, 'XFF_MODE', ['append', 'preserve', 'remove'], faults),
  }
}

const asksForSource = ({ rules }: Routing): boolean =>
  rules.some(({ conditions }) => conditions.some(({ field }) => field === 'source-ip'))

function readTimeout(variables: ListenerVariables, faults: Faults): number {
  const ms = duration(variables, 'TARGET_TIMEOUT', `${defaultForwarding.timeoutMs}ms`, faults)
  if (ms > 0 && ms <= timeoutMaxMs) return ms
  return faults.add('TARGET_TIMEOUT', `1ms to ${timeoutMaxMs / 1000}s`, defaultForwarding.timeoutMs)
}

function readBodyMax({ BODY_MAX }: ListenerVariables, faults: Faults): number {
  if (BODY_MAX === undefined) return defaultForwarding.bodyOctetsMax
  if (/^\d{1,15}$/.test(BODY_MAX)) return Number(BODY_MAX)
  return faults.add('BODY_MAX', 'a number of octets', defaultForwarding.bodyOctetsMax)
}
