import type { Hono } from 'hono'
import { createApp } from './app.ts'
import { readListener } from './config.ts'
import type { AppEnv, Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { createPorts, type FollowingPortsOptions, type PortsOptions } from './ports.ts'
import type { ListenerVariables } from './variables.ts'

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
  if (!listener.ok) {
    const faults = listener.error.map(
      ({ variable, expected }) => `${variable}: expected ${expected}`,
    )
    throw new Error(`the configuration is wrong: ${faults.join('; ')}`)
  }
  const ports = createPorts(listener.value, options)
  return { app: createApp(listener.value, ports), listener: listener.value, ports }
}
