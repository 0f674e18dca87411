import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { objectionsTo } from './good-requests.ts'
import { makers } from './makers.ts'

/** Enough for every key and form of each maker; `node test/onboard/main.ts` makes 10,000. */
const count = 20

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, program === 'pki' ? ['--help'] : ['version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

const programs: Readonly<Record<string, string>> = {
  openssl: 'openssl',
  'strongSwan pki': 'pki',
}

describe('requests of other makers are not objected to', () => {
  for (const [maker, make] of Object.entries(makers)) {
    const program = programs[maker]
    const isThere = program === undefined || isInstalled(program)
    test.skipIf(!isThere)(`those of ${maker}`, { timeout: 60_000 }, async () => {
      expect(await objectionsTo(make, count)).toEqual({ checked: count, errors: [], milder: {} })
    })
  }
})
