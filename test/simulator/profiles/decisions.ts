import { createHash } from 'node:crypto'
import { z } from 'zod'

/*
 * The decisions of a run, in a form in which runs through different platforms can be compared: the
 * event log, less what a platform's own way of speaking makes of it.
 */

const attempt = z.looseObject({
  event: z.literal('attempt'),
  outcome: z.string(),
  verdict: z.string(),
  code: z.string().optional(),
  session: z.string().optional(),
})

/** One of two reasons, by what the platform hands over. The oracle takes either for right as well. */
const sameReason: Readonly<Record<string, string>> = {
  // A forged header is told by name where the terminator lets it pass, and gone where it sets its own.
  header_forged: 'no_certificate',
  // Of a forged chain the worker sees an unknown issuer, or a known one that did not sign the leaf.
  untrusted: 'signature_invalid',
}

/**
 * The event log with reasons made comparable: one line each, in order. Whether a session was used or
 * begun anew decides nothing and is left out: of two requests that a device sends while a new trust
 * store arrives, it depends on their race with it which of them is verified anew.
 */
export function decisionsOf(log: readonly string[]): readonly string[] {
  return log.map((line) => {
    const entry = attempt.safeParse(JSON.parse(line))
    if (!entry.success) return line
    const { code = '', session: _session, ...facts } = entry.data
    return JSON.stringify({ ...facts, code: sameReason[code] ?? code })
  })
}

/**
 * The same without the reasons of refusals, and without what both answers are right for: all that can
 * be compared where the terminator closes connections by itself. It gives no reason, and it learns of
 * a revocation at another moment of the time that the scenario grants.
 */
export function outcomesOf(log: readonly string[]): readonly string[] {
  return log.map((line) => {
    const entry = attempt.safeParse(JSON.parse(line))
    if (!entry.success) return line
    const { code: _code, session: _session, outcome, ...facts } = entry.data
    return JSON.stringify(facts.verdict === 'either' ? facts : { ...facts, outcome })
  })
}

/** The first line at which two logs part; undefined where they do not. */
export function firstDifference(
  found: readonly string[],
  wanted: readonly string[],
): { readonly line: number; readonly found: string; readonly wanted: string } | undefined {
  const lines = Math.max(found.length, wanted.length)
  for (let line = 0; line < lines; line += 1) {
    if (found[line] === wanted[line]) continue
    return { line: line + 1, found: found[line] ?? 'no line', wanted: wanted[line] ?? 'no line' }
  }
  return undefined
}

/** SHA-256 of the lines, hexadecimal. */
export function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}
