import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** Where time is an argument. The linter cannot tell `new Date()` from `new Date(at)`; this can. */
const timeless = [
  'shared/**/*.ts',
  'simulator/{device,oracle,scenario}/**/*.ts',
  'simulator/random.ts',
]

/** A date made of nothing is the machine's now: `new Date()`, `new Date`, and `Date()` as text. */
const readsTheClock = /\bnew Date\b(?!\s*\(\s*[^)\s])|(?<![\w.]|new )Date\s*\(/

test.each([
  { code: 'new Date()', isFound: true },
  { code: 'new Date( )', isFound: true },
  { code: 'new Date', isFound: true },
  { code: 'Date()', isFound: true },
  { code: 'new Date(at)', isFound: false },
  { code: 'Date.parse(text)', isFound: false },
  { code: 'toDate(x)', isFound: false },
])('$code: $isFound', ({ code, isFound }) => {
  expect(readsTheClock.test(code)).toBe(isFound)
})

test('nothing in the core and in the simulated world reads the clock through a date', async () => {
  const found: string[] = []
  let files = 0
  for (const pattern of timeless) {
    for await (const path of glob(pattern, { cwd: root })) {
      files += 1
      if (readsTheClock.test(await readFile(join(root, path), 'utf8'))) found.push(path)
    }
  }
  expect(found).toEqual([])
  expect(files).toBeGreaterThan(10)
})
