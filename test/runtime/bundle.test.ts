import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleWorker, projectRoot, type WorkerBundle } from '#simulator/engine/bundle-worker.ts'

/** Words of the local run's worker, by which a request may tell the time. */
const localWords = ['x-sallyport-local', 'LOCAL_KEY', 'toldClock', 'readControl']

describe('what is deployed', () => {
  let production: WorkerBundle
  let local: WorkerBundle

  beforeAll(async () => {
    production = await bundleWorker('edge/worker.ts')
    local = await bundleWorker('simulator/worker/local.ts')
  })

  test('is edge/, shared/, Hono and jose, and nothing of the simulator or the tests', () => {
    const strangers = production.inputs.filter(
      (path) => !/^(edge|shared|node_modules\/(hono|jose))\//.test(path),
    )
    expect(strangers).toEqual([])
    expect(production.inputs).toContain('edge/worker.ts')
    expect(production.inputs.length).toBeGreaterThan(40)
  })

  test.each(localWords)('has no word of %s', (word) => {
    expect(production.text).not.toContain(word)
  })

  test.each(localWords)("%s is in the local run's worker: the words are the right ones", (word) => {
    expect(local.text).toContain(word)
  })

  test('reads the clock in one place: the clock of the production entry', async () => {
    const found: string[] = []
    for (const path of production.inputs.filter((each) => !each.startsWith('node_modules/'))) {
      const source = await readFile(join(projectRoot, path), 'utf8')
      const reads = source.match(/Date\.now\(|performance\.now\(|new Date\(\)|\bDate\(\)/g) ?? []
      found.push(...reads.map(() => path))
    }
    expect(found).toEqual(['edge/ports.ts'])
  })
})
