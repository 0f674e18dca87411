import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Contender } from '../measure.ts'
import type { Fixture } from '../operations/operation.ts'
import type { OperationSet } from '../operations/sets.ts'
import { packFixture } from './fixture-wire.ts'
import type { Runtime } from './runtime.ts'
import { workerdRuntime } from './workerd.ts'

/** The first operation of a set, each time in a process that starts for it: no code is warm yet. */
export function coldContender(
  runtime: Runtime['name'],
  name: string,
  set: OperationSet,
  fixture: Fixture,
): Contender {
  const once = runtime === 'node' ? onceInNode : onceInWorkerd
  return {
    name,
    async cpuUs(times) {
      let cpuUs = 0
      for (let done = 0; done < times; done += 1) cpuUs += await once(set, fixture)
      return cpuUs
    },
  }
}

async function onceInNode(set: OperationSet, fixture: Fixture): Promise<number> {
  const script = join(import.meta.dirname, '..', 'cold-process.ts')
  const child = spawn(process.execPath, [script, set], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(packFixture(fixture))
  const told = Number(await text(child.stdout))
  if (!(told > 0)) throw new Error(`the cold process of ${set} failed`)
  return told
}

async function onceInWorkerd(set: OperationSet, fixture: Fixture): Promise<number> {
  const runtime = await workerdRuntime()
  try {
    const [first] = await runtime.contenders(set, fixture)
    if (first === undefined) throw new Error(`${set} has no operation`)
    return await first.cpuUs(1)
  } finally {
    await runtime.close()
  }
}
