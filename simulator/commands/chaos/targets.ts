import { instantFromMs } from '#shared/time.ts'
import { setupName, type GatewaySetup } from '../../gateways/gateway.ts'
import { gatewaySetups, isInstalled } from '../../gateways/setups.ts'
import { messageOf, unusable } from '../options.ts'

export const machineClock = { now: () => instantFromMs(Date.now()) }

/** The configurations of a target. What is not installed is told; fatal where it was asked for by name. */
export function setupsOf(target: string): readonly GatewaySetup[] {
  const wanted = gatewaySetups.filter(({ gateway }) => target === 'all' || gateway === target)
  const missing = wanted.filter((setup) => !isInstalled(setup))
  for (const setup of missing) {
    const what = `${setupName(setup)}: ${setup.program} is not installed`
    if (target !== 'all') unusable(what)
    console.error(`skipped: ${what}`)
  }
  return wanted.filter((setup) => !missing.includes(setup))
}

/** Servers run side by side: each waits most of the time for a certificate to end. */
const sideBySideMax = 4

/** Something for each configuration, a few at a time, in the order that they were given. */
export async function forEachSetup<Value>(
  setups: readonly GatewaySetup[],
  run: (setup: GatewaySetup) => Promise<Value>,
): Promise<readonly Value[]> {
  const results = new Map<GatewaySetup, Value>()
  const left = setups.values()
  const work = async (): Promise<void> => {
    for (const setup of left) {
      process.stderr.write(`${setupName(setup)}…\n`)
      results.set(setup, await run(setup).catch((error: unknown) => failed(setup, error)))
    }
  }
  await Promise.all(Array.from({ length: sideBySideMax }, work))
  return setups.flatMap((setup) => results.get(setup) ?? [])
}

function failed(setup: GatewaySetup, error: unknown): never {
  return unusable(`${setupName(setup)}: ${messageOf(error)}`)
}

/** An interrupted run ends what it started: children end with the process. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
}
