import type { Hono } from 'hono'
import { createApp } from './app.ts'
import { readListener } from './config.ts'
import type { AppEnv, Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { createPorts, type FollowingPortsOptions, type PortsOptions } from './ports.ts'
import type { ListenerVariables, ConfigFault } from './variables.ts'

/** The edge app of one listener, the listener as it was read, and the ports that it was given. */
export interface ConfiguredApp {
  readonly app: Hono<AppEnv>
  readonly listener: Listener
  readonly ports: Ports
}

/**
 * The edge app from the variables that a Worker takes too (`PLATFORM`, `MODE`, `EXPIRED`, …). Throws
 * an Error that names every variable that is wrong and what was expected; secrets are not repeated.
 */
export async function configuredApp(
  variables: ListenerVariables,
  options: PortsOptions | FollowingPortsOptions,
): Promise<ConfiguredApp> {
  const listener = await readListener(variables)
  if (!listener.ok) throw new Error(faultSentence(listener.error))
  const ports = createPorts(listener.value, options)
  return { app: createApp(listener.value, ports), listener: listener.value, ports }
}

/** Every variable that is wrong, and what was expected; no value is repeated. */
export function faultSentence(faults: readonly ConfigFault[]): string {
  const each = faults.map(({ variable, expected }) => `${variable}: expected ${expected}`)
  return `the configuration is wrong: ${each.join('; ')}`
}
