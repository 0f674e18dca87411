import { err, ok, type Result } from '#shared/result.ts'

/**
 * How Istio's policies match a text: exactly, by `abc*` or `*abc`, or by `*`, which any text but the
 * empty one matches. Texts are compared as they are: no pattern is ever made into a regular
 * expression (CVE-2026-39350: a dot in a service account matched any character).
 */
export type StringMatch =
  | { readonly kind: 'exact' | 'prefix' | 'suffix'; readonly text: string }
  | { readonly kind: 'present' }

/** A match of a policy's text; a star anywhere but at one of the ends is refused, and so are two. */
export function parseStringMatch(text: string): Result<StringMatch, string> {
  if (text === '*') return ok({ kind: 'present' })
  const stars = text.split('*').length - 1
  if (text === '' || stars > 1) return err('a text with one * at most')
  if (stars === 0) return ok({ kind: 'exact', text })
  if (text.endsWith('*')) return ok({ kind: 'prefix', text: text.slice(0, -1) })
  if (text.startsWith('*')) return ok({ kind: 'suffix', text: text.slice(1) })
  return err('a * at the start or the end')
}

/** Whether a value matches. */
export function matchesString(match: StringMatch, value: string): boolean {
  switch (match.kind) {
    case 'exact':
      return value === match.text
    case 'prefix':
      return value.startsWith(match.text)
    case 'suffix':
      return value.endsWith(match.text)
    case 'present':
      return value !== ''
  }
}
