import { knownHeaders } from './known-headers.ts'
import type { Platform } from './platform.ts'

/** What has to be taken away of a request's headers. */
export interface Foreign {
  /** Lower-case names, as the client spelt them. */
  readonly forged: readonly string[]
  /** Those, and what goes besides. */
  readonly taken: readonly string[]
}

const exactNames: ReadonlySet<string> = new Set(
  knownHeaders.flatMap((header) => ('name' in header ? [header.name] : [])),
)
const families: readonly string[] = knownHeaders.flatMap((header) =>
  'family' in header ? [header.family] : [],
)

/**
 * The client-certificate headers in a request that the configured platform does not set itself.
 * `_` and `.` count as `-`, because servers behind make them one (CGI, WSGI, PHP; CVEs of Traefik in
 * both); such an alias is always foreign, the platform's own names included.
 *
 * @param besides another name to take away, in lower case, which is no forgery
 */
export function foreignHeaders(headers: Headers, platform: Platform, besides?: string): Foreign {
  const isForeignName = foreignTo(platform)
  const forged: string[] = []
  let hasBesides = false
  for (const name of headers.keys()) {
    if (name === besides) hasBesides = true
    else if (isForeignName(name) && !forged.includes(name)) forged.push(name)
  }
  return { forged, taken: hasBesides && besides !== undefined ? [besides, ...forged] : forged }
}

/** Whether a header of this lower-case name is one that `foreignHeaders` names. */
export const isForeign = (name: string, platform: Platform): boolean => foreignTo(platform)(name)

type IsForeign = (name: string) => boolean

/** Clients send the same few names again and again; whoever makes up others is looked at each time. */
const rememberedNamesMax = 256
const rememberedNameLengthMax = 64

const tests = new WeakMap<Platform, IsForeign>()

function foreignTo(platform: Platform): IsForeign {
  const known = tests.get(platform)
  if (known !== undefined) return known
  const made = createTest(platform)
  tests.set(platform, made)
  return made
}

function createTest({ ownHeaders, written = [] }: Platform): IsForeign {
  const own = new Set(ownHeaders)
  const ownCanonical = new Set([...ownHeaders, ...written].map(canonical))
  const remembered = new Map<string, boolean>()
  return (name) => {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const found = !own.has(name) && (isKnown(name) || ownCanonical.has(canonical(name)))
    if (remembered.size < rememberedNamesMax && name.length <= rememberedNameLengthMax) {
      remembered.set(name, found)
    }
    return found
  }
}

/** Whether a lower-case name is, in any alias spelling, one of a client-certificate header. */
function isKnown(name: string): boolean {
  const spelling = canonical(name)
  if (exactNames.has(spelling)) return true
  return families.some((family) => spelling === family || spelling.startsWith(`${family}-`))
}

const canonical = (name: string): string => name.replaceAll('_', '-').replaceAll('.', '-')
