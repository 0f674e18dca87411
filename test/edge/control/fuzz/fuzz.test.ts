import { expect, test, vi } from 'vitest'
import { fuzz } from '../../../fuzz/run.ts'
import { createApiTargets } from './targets.ts'

/** A fixed part of what `npm run fuzz:api` does by the million. */
test('some thousand requests to both APIs: nothing is found', { timeout: 120_000 }, async () => {
  const said = vi.spyOn(console, 'error')
  const targets = await createApiTargets()
  const options = { seed: 20_261_122, first: 0, inputs: 4000, forMs: 60_000 }
  const { found, taken } = await fuzz(targets, options)
  expect(found).toBeUndefined()
  expect(said).not.toHaveBeenCalled()
  for (const [name, [yes, of]] of taken) {
    expect(yes / of, `${name}: some are taken, and most are not`).toBeGreaterThan(0.02)
    expect(yes / of, `${name}: some are taken, and most are not`).toBeLessThan(0.5)
  }
})
