import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profiles } from '#shared/enrollment/profile.ts'
import { instantFromIso } from '#shared/time.ts'
import { createItemChecker } from '#simulator/commands/onboard/check-item.ts'
import type { MakeRequest } from './makers.ts'

/** What a maker's requests came to. */
export interface Objections {
  readonly checked: number
  /** Of each request that was objected to as an error, what was said. */
  readonly errors: readonly string[]
  /** How often each milder code was found. */
  readonly milder: Readonly<Record<string, number>>
}

/** Programs that are started and waited for at once: a process takes longer to start than to work. */
const madeAtOnce = 6

/**
 * Has a maker make so many requests, each of a key of its own, and checks them as one batch against the
 * default profile.
 *
 * @param progress told how many have been checked, now and then
 */
export async function objectionsTo(
  make: MakeRequest,
  count: number,
  progress: (checked: number) => void = () => undefined,
): Promise<Objections> {
  const directory = await mkdtemp(join(tmpdir(), 'requests-'))
  const now = instantFromIso('2026-11-22T12:00:00Z')
  const check = createItemChecker({ profile: profiles.device, now, isDenied: undefined })
  const errors: string[] = []
  const milder: Record<string, number> = {}
  try {
    for (let first = 0; first < count; first += madeAtOnce) {
      const numbers = Array.from(
        { length: Math.min(madeAtOnce, count - first) },
        (_, n) => first + n,
      )
      const made = await Promise.all(numbers.map((number) => make(number, directory)))
      for (const [index, der] of made.entries()) {
        const id = `${first + index}`
        const item = { id, file: '-', line: undefined, kind: 'request', ders: [der] } as const
        for (const { severity, code, path, found } of (await check(item)).findings) {
          if (severity === 'error') errors.push(`${id}: ${code} ${path}: ${found}`)
          else milder[code] = (milder[code] ?? 0) + 1
        }
      }
      if (first % (100 * madeAtOnce) === 0) progress(first)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return { checked: count, errors, milder }
}
