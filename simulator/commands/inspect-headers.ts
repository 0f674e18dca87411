import { z } from 'zod'
import type { PlatformRequest } from '#edge/platforms/platform.ts'

/** Headers as JSON: a name's value, or its lines where it came several times. */
export const headersSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]))

export type HeaderLines = Readonly<z.infer<typeof headersSchema>>

/**
 * The headers as Fetch would hand them over: names in any case, white space around a line gone (RFC
 * 9110 5.5), lines joined by `, `.
 */
export function toHeaders(lines: HeaderLines): PlatformRequest['headers'] & {
  readonly names: readonly string[]
} {
  const joined = new Map<string, string>()
  for (const [name, value] of Object.entries(lines)) {
    const texts = [value].flat().map((line) => line.replace(/^[ \t]+/, '').replace(/[ \t]+$/, ''))
    const before = joined.get(name.toLowerCase())
    joined.set(name.toLowerCase(), [...(before === undefined ? [] : [before]), ...texts].join(', '))
  }
  return {
    get: (name) => joined.get(name.toLowerCase()) ?? null,
    names: [...joined.keys()],
  }
}
