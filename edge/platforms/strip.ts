import { knownHeaders } from './known-headers.ts'
import type { Platform } from './platform.ts'

/** What is left of a request's headers, and what was taken away. */
export interface Stripped {
  readonly headers: Headers
  /** Lower-case names, as the client spelt them. */
  readonly forged: string[]
}

const exactNames: ReadonlySet<string> = new Set(
  knownHeaders.flatMap((header) => ('name' in header ? [header.name] : [])),
)
const families: readonly string[] = knownHeaders.flatMap((header) =>
  'family' in header ? [header.family] : [],
)

/**
 * A copy of `headers` without any client-certificate header that the configured platform does not
 * set itself. `_` and `.` count as `-`, because servers behind make them one (CGI, WSGI, PHP; CVEs
 * of Traefik in both); such an alias is always foreign, the platform's own names included.
 */
export function stripForeign(headers: Headers, platform: Platform): Stripped {
  const own = new Set(platform.ownHeaders)
  const ownCanonical = new Set(platform.ownHeaders.map(canonical))
  const kept = new Headers(headers)
  const forged: string[] = []
  for (const [name] of headers) {
    if (own.has(name) || !(isKnown(name) || ownCanonical.has(canonical(name)))) continue
    kept.delete(name)
    if (!forged.includes(name)) forged.push(name)
  }
  return { headers: kept, forged }
}

/** Whether a lower-case name is, in any alias spelling, one of a client-certificate header. */
function isKnown(name: string): boolean {
  const spelling = canonical(name)
  if (exactNames.has(spelling)) return true
  return families.some((family) => spelling === family || spelling.startsWith(`${family}-`))
}

const canonical = (name: string): string => name.replaceAll('_', '-').replaceAll('.', '-')
