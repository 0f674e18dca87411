import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import type { Instant } from '#shared/time.ts'

/** The edge behind a proxy, on one runtime, and the registry that it enrols devices in. */
export interface EdgeUnderTest {
  readonly port: number
  readonly registry: DeviceRegistry
  /** Moves the edge's clock, the machine's goes on; undefined where production's own clock is in it. */
  readonly setNow?: (now: Instant) => void
  close(): Promise<void>
}

export interface EdgeOptions {
  readonly variables: ListenerVariables
  /** PEM of the anchors of the listener's trust store. */
  readonly anchors: string
  /** Of a Worker: beside the listener's variables. */
  readonly bindings?: Readonly<Record<string, string>>
}
