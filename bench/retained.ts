import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * Octets that a value holds on to: in V8's heap and outside of it. What `make` only looks at has to
 * be there before.
 */
export async function retainedOctets(make: () => unknown): Promise<number> {
  const kept: unknown[] = []
  // Until V8 has compiled what it will: code is no part of a value.
  for (let warming = 0; warming < 2; warming += 1) await keep(make, kept)
  kept.length = 0
  const before = await heldOctets()
  await keep(make, kept)
  const held = (await heldOctets()) - before
  // Asked for after the count, so that nothing of it may be collected before.
  if (kept.pop() === undefined) throw new Error('nothing was kept')
  return held
}

/** In a frame of its own: one that waits keeps values that it no longer needs. */
async function keep(make: () => unknown, kept: unknown[]): Promise<void> {
  kept.push(await make())
}

async function heldOctets(): Promise<number> {
  await setImmediate()
  collect()
  await setImmediate()
  collect()
  // `external` counts array buffers in.
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Octets of V8's heap that one of `times` turns of `run` allocates; few enough that none is collected. */
export function allocatedOctets(run: () => unknown, times: number): number {
  for (let nth = 0; nth < 10 * times; nth += 1) run()
  collect()
  const before = process.memoryUsage().heapUsed
  for (let nth = 0; nth < times; nth += 1) run()
  return (process.memoryUsage().heapUsed - before) / times
}
