import type { Plugin } from 'esbuild'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import type { Contender } from '../measure.ts'
import { packFixture } from './fixture-wire.ts'
import { cpuUsOfProcess } from './process-cpu.ts'
import type { Runtime } from './runtime.ts'
import { startWorkerd, type WorkerdProcess } from './workerd-process.ts'

/** The runtime's own modules are not bundled. */
const nodeModules: Plugin = {
  name: 'node-modules',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }))
  },
}

/**
 * workerd, measured from outside: the CPU of its process over a request that does the operation so
 * many times. What an empty request costs is some hundred microseconds, a thousandth of a turn.
 */
export async function workerdRuntime(): Promise<Runtime> {
  const { text } = await bundleWorker('bench/worker.ts', [nodeModules])
  const runtime = await startWorkerd(text)
  return {
    name: 'workerd',
    async contenders(set, fixture) {
      const body = packFixture(fixture)
      const names = JSON.parse(
        await ask(`${runtime.url}/${set}`, { method: 'PUT', body }),
      ) as string[]
      return names.map((name, nth) => contenderOf(runtime, name, nth))
    },
    close: () => runtime.close(),
  }
}

function contenderOf({ pid, url }: WorkerdProcess, name: string, nth: number): Contender {
  return {
    name,
    async cpuUs(times) {
      const before = cpuUsOfProcess(pid)
      await ask(`${url}/?nth=${nth}&times=${times}`, { method: 'POST' })
      return cpuUsOfProcess(pid) - before
    },
  }
}

async function ask(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text}`)
  return text
}
