import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { PlatformRequest } from './platform.ts'

/** A header's value; undefined where it is missing or empty, which proxies take for the same. */
export function headerOf({ headers }: PlatformRequest, name: string): string | undefined {
  const value = headers.get(name)
  return value === null || value === '' ? undefined : value
}

/** @param field a header's name in lower case, or a fact's as its platform spells it */
export function malformed(field: string, expected: string): Presented {
  return { kind: 'malformed', field, expected }
}

/** @param ders the leaf first; nothing was presented where there are none */
export function chainOf([leaf, ...intermediates]: readonly Bytes[]): Presented {
  return leaf === undefined ? { kind: 'none' } : { kind: 'chain', leaf, intermediates }
}

/** Whether an unchecked value is an object with fields. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
