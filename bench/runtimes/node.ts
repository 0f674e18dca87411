import type { Contender } from '../measure.ts'
import type { Operation } from '../operations/operation.ts'
import { operationSets } from '../operations/sets.ts'
import type { Runtime } from './runtime.ts'

/** This process. */
export function nodeRuntime(): Runtime {
  return {
    name: 'node',
    async contenders(set, fixture) {
      return (await operationSets[set](fixture, 'node')).map(contenderHere)
    },
    close: () => Promise.resolve(),
  }
}

/** An operation measured in this process, with all its threads. */
export function contenderHere(operation: Operation): Contender {
  return {
    name: operation.name,
    async cpuUs(times) {
      const before = process.cpuUsage()
      await operation.run(times)
      const { user, system } = process.cpuUsage(before)
      return user + system
    },
  }
}
