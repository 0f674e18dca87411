import { createBoundedMap } from '#shared/bounded-map.ts'
import { createMetBefore, placeOf, fnvStart, fnvWith } from '#shared/place.ts'
import { after, type Soon } from '#shared/soon.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { Platform, PlatformRequest } from './platform.ts'

/** Reads what was presented, as a platform does. */
type Read = (request: PlatformRequest) => Soon<Presented>

/** What a reading looked at: a header's lower-case name, and its value then. */
type Line = readonly [name: string, value: string | null]

interface Reading {
  readonly lines: readonly Line[]
  readonly presented: Presented
}

/**
 * Headers of the devices that one isolate talks to within some minutes, in characters: two thousand or
 * so, a sixteenth of a Worker's 128 MB.
 */
const bounds = { countMax: 4000, weightMax: 8 * 1024 * 1024 }

/**
 * A platform's reading that remembers what it read of headers that come again and again: to hold them
 * against those of before costs a fraction of reading them. What is read is a function of the header
 * values that it asked for, so each of them has to be the same, to the last character; only
 * certificates are kept, and only of headers that were met before. What was read of anything but
 * headers is read anew each time.
 */
export function remembered(platform: Platform): Read {
  // Facts beside the headers are compared with nothing.
  if (platform.ownHeaders.length === 0) return (request) => platform.read(request)
  const known = createBoundedMap<number, Reading>(bounds)
  const isMetBefore = createMetBefore()
  // Once a certificate was read: what was looked at, as it will be of the next one.
  let asked: readonly string[] | undefined
  return (request) => {
    const now = asked?.map((name): Line => [name, request.headers.get(name)])
    const place = now && placeOfLines(now)
    const before = place === undefined ? undefined : known.get(place)
    if (now && before && isOf(before, now, request)) return before.presented
    const { watched, lines, isOfHeaders } = watch(request)
    return after(platform.read(watched), (presented) => {
      if (!isCertificate(presented) || !isOfHeaders()) return presented
      asked ??= lines.map(([name]) => name)
      if (place === undefined) return presented
      if (isMetBefore(place)) known.set(place, { lines, presented }, weightOf(lines))
      return presented
    })
  }
}

const isCertificate = ({ kind }: Presented): boolean => kind === 'chain' || kind === 'attested'

/** Whether a reading would find the same again, wherever it looked. @param now what is read already */
function isOf({ lines }: Reading, now: readonly Line[], { headers }: PlatformRequest): boolean {
  let at = 0
  for (const [name, value] of lines) {
    const line = now[at]
    if ((line?.[0] === name ? line[1] : headers.get(name)) !== value) return false
    at += 1
  }
  return true
}

interface Watched {
  readonly watched: PlatformRequest
  readonly lines: readonly Line[]
  /** Whether nothing else was looked at. */
  readonly isOfHeaders: () => boolean
}

function watch(request: PlatformRequest): Watched {
  const lines: Line[] = []
  let others = 0
  const headers = {
    get(name: string): string | null {
      const value = request.headers.get(name)
      lines.push([name, value])
      return value
    },
  }
  const watched = {
    headers,
    get cf(): unknown {
      others += 1
      return request.cf
    },
    get connection(): unknown {
      others += 1
      return request.connection
    },
  }
  return { watched, lines, isOfHeaders: () => others === 0 }
}

const lengthOf = ([, value]: Line): number => value?.length ?? 0

const weightOf = (lines: readonly Line[]): number =>
  lines.reduce((total, line) => total + lengthOf(line), 0)

/** So many characters of each text, evenly spread: some of them are of a certificate's key and signature. */
const sampled = 32

function placeOfLines(lines: readonly Line[]): number {
  let hash = fnvStart
  for (const [, text] of lines) {
    if (text === null) continue
    const step = Math.max(1, Math.floor(text.length / sampled))
    for (let at = text.length - 1; at >= 0; at -= step) {
      hash = fnvWith(hash, text.charCodeAt(at))
    }
  }
  return placeOf(hash)
}
