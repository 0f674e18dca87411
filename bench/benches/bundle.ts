import { gzipSync } from 'node:zlib'
import { build as bundle } from 'esbuild'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'
import type { Bench } from '../bench.ts'
import { figureOf, type Figure } from '../measure.ts'
import { cpuUsOfProcess } from '../runtimes/process-cpu.ts'
import { startWorkerd } from '../runtimes/workerd-process.ts'

/** What each worker brings along: the core's decision as the edge asks for it, and the peers as they are imported. */
const sources = {
  core: `
    export * from '#shared/verify.ts'
    export * from '#shared/trust-store/trust-store.ts'
    export * from '#shared/revocation/crl.ts'
    export * from '#shared/revocation/authenticated-crls.ts'
    export * from '#shared/path/policy.ts'
    export * from '#shared/x509/web-crypto-verifier.ts'`,
  'core, session and headers': `
    export * from '#shared/verify.ts'
    export * from '#shared/trust-store/trust-store.ts'
    export * from '#shared/revocation/crl.ts'
    export * from '#shared/revocation/authenticated-crls.ts'
    export * from '#shared/path/policy.ts'
    export * from '#shared/x509/web-crypto-verifier.ts'
    export * from '#shared/session/session.ts'
    export * from '#shared/session/key-ring.ts'
    export * from '#shared/wire/alb.ts'
    export * from '#shared/wire/rfc9440.ts'`,
  '@peculiar/x509': `import 'reflect-metadata'; export * from '@peculiar/x509'`,
  pkijs: `export * from 'pkijs'`,
} as const

export const bundleBench: Bench = {
  name: 'bundle',
  title: 'a worker of the core alone, minified',
  runtimes: ['workerd'],
  async *run({ rounds }) {
    const modules = new Map<string, string>()
    for (const [name, source] of Object.entries(sources)) modules.set(name, await workerOf(source))
    yield {
      title: 'gzip',
      unit: 'B',
      figures: [...modules].map(([name, text]) => figureOf(name, [gzipSync(text).length])),
      goals: [{ of: 'core', atMost: 15_000 }],
    }
    yield {
      title: 'CPU to the first answer, over that of an empty worker',
      unit: 'ms',
      figures: await startCosts(modules, rounds.count),
      goals: [{ of: 'core', atMost: 5 }],
    }
  },
}

/** A worker that holds on to everything a source exports, so that nothing of it is left out. */
async function workerOf(source: string): Promise<string> {
  const worker = `import * as all from 'bench:source'
    export default { fetch: () => new Response(String(Object.keys(all).length)) }`
  const { outputFiles } = await bundle({
    stdin: { contents: worker, resolveDir: projectRoot },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'source',
        setup(build) {
          build.onResolve({ filter: /^bench:source$/ }, ({ path }) => ({
            path,
            namespace: 'bench',
          }))
          build.onLoad({ filter: /.*/, namespace: 'bench' }, () => ({
            contents: source,
            resolveDir: projectRoot,
          }))
        },
      },
    ],
  })
  return outputFiles[0]?.text ?? ''
}

const empty = `export default { fetch: () => new Response('0') }`

/** Starts take turns; each turn is many starts, since one alone is at the mercy of the machine. */
async function startCosts(modules: ReadonlyMap<string, string>, rounds: number): Promise<Figure[]> {
  const costs = new Map([...modules.keys()].map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round += 1) {
    const least = await startMs(empty)
    for (const [name, text] of modules) costs.get(name)?.push((await startMs(text)) - least)
  }
  return [...costs].map(([name, all]) => figureOf(name, all))
}

const startsInTurn = 5

async function startMs(module: string): Promise<number> {
  let cpuUs = 0
  for (let start = 0; start < startsInTurn; start += 1) {
    const worker = await startWorkerd(module)
    await (await fetch(worker.url)).text()
    cpuUs += cpuUsOfProcess(worker.pid)
    await worker.close()
  }
  return cpuUs / 1000 / startsInTurn
}
