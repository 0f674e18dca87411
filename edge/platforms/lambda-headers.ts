import type { PlatformRequest } from './platform.ts'

/** The two ways in which Lambda events spell headers; the names' case is the sender's. */
export interface LambdaHeaders {
  readonly headers?: Readonly<Record<string, string | undefined>> | null | undefined
  readonly multiValueHeaders?:
    | Readonly<Record<string, readonly string[] | undefined>>
    | null
    | undefined
}

/**
 * The headers of an event as Fetch would join them: several values, and names that differ only in
 * case, by `, `. `multiValueHeaders` goes before `headers`, which holds one value of each.
 */
export function lambdaHeaders(event: LambdaHeaders): PlatformRequest['headers'] {
  const { headers, multiValueHeaders } = event
  const lines = Object.entries(multiValueHeaders ?? headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')] as const],
  )
  const joined = new Map<string, string>()
  for (const [name, value] of lines) {
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return { get: (name) => joined.get(name.toLowerCase()) ?? null }
}
