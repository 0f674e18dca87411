import crypto from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { createLastWorld } from '#simulator/commands/verify-world.ts'
import { createJudges, type Answers, type Kind, type Questions } from './judge.ts'

/** Where the core runs that is judged. */
export interface Runtime {
  ask<Each extends Kind>(
    kind: Each,
    questions: readonly Questions[Each][],
  ): Promise<readonly Answers[Each][]>
  close(): Promise<void>
}

export type RuntimeName = 'node' | 'workerd'

export function startRuntime(name: RuntimeName): Promise<Runtime> {
  return name === 'node' ? Promise.resolve(nodeRuntime()) : startWorkerd()
}

/** As `sallyport verify --batch` decides: its verifier, its caches. */
function nodeRuntime(): Runtime {
  const judges = createJudges(createLastWorld(), [
    createNodeVerifier(crypto),
    createWebCryptoVerifier(),
  ])
  return {
    async ask(kind, questions) {
      const answers = []
      for (const question of questions) answers.push(await judges[kind](question))
      return answers
    },
    close: () => Promise.resolve(),
  }
}

/** As the edge worker decides: in workerd, over its verifier. */
async function startWorkerd(): Promise<Runtime> {
  const { text } = await bundleWorker(fileURLToPath(new URL('./worker.ts', import.meta.url)))
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.ERROR),
      cf: false,
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: text }],
      compatibilityDate: '2026-10-15',
    }),
  )
  const { origin } = await runtime.ready
  return {
    ask: async (kind, questions) => {
      const response = await fetch(`${origin}/${kind}`, {
        method: 'POST',
        body: JSON.stringify(questions),
      })
      if (!response.ok) throw new Error(`workerd: ${response.status} ${await response.text()}`)
      return (await response.json()) as Answers[typeof kind][]
    },
    close: () => runtime.dispose(),
  }
}
