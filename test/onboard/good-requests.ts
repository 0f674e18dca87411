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

/** Has a maker make so many requests, and checks them as one batch against the default profile. */
export async function objectionsTo(make: MakeRequest, count: number): Promise<Objections> {
  const directory = await mkdtemp(join(tmpdir(), 'requests-'))
  const now = instantFromIso('2026-11-22T12:00:00Z')
  const check = createItemChecker({ profile: profiles.device, now, isDenied: undefined })
  const errors: string[] = []
  const milder: Record<string, number> = {}
  try {
    for (let number = 0; number < count; number += 1) {
      const der = await make(number, directory)
      const item = {
        id: `${number}`,
        file: '-',
        line: undefined,
        kind: 'request',
        ders: [der],
      } as const
      for (const { severity, code, path, found } of (await check(item)).findings) {
        if (severity === 'error') errors.push(`${number}: ${code} ${path}: ${found}`)
        else milder[code] = (milder[code] ?? 0) + 1
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return { checked: count, errors, milder }
}
