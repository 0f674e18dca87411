import type { Platform } from '../platforms/platform.ts'
import { foreignHeaders, isForeign, type Foreign } from '../platforms/strip.ts'
import { withoutToken } from '../session/token-carrier.ts'

/**
 * A request's headers without any that a client may not say. To go through all of them, or to copy
 * them, costs a Worker as much as to decide, so neither is done until somebody asks for it.
 */
export interface RequestHeaders {
  get(name: string): string | null
  /** Lower-case names of the client-certificate headers that the client sent. */
  forged(): readonly string[]
  /** All of them, for the caller to write to. */
  copy(): Headers
  /** The request that bears no more than these: the same one where nothing was taken away. */
  requestOfLess(request: Request): Request
  /** These without a session's token as well. */
  withoutToken(): RequestHeaders
}

/**
 * @param sent a request's own
 * @param platform whose headers alone are believed
 * @param besides another name to take away, in lower case, which is no forgery
 */
export function requestHeaders(
  sent: Headers,
  platform: Platform,
  besides?: string,
): RequestHeaders {
  let found: Foreign | undefined
  const foreign = (): Foreign => (found ??= foreignHeaders(sent, platform, besides))
  const isTaken = (name: string): boolean => name === besides || isForeign(name, platform)
  return headersLess({ sent, foreign, isTaken }, whole)
}

interface Given {
  readonly sent: Headers
  readonly foreign: () => Foreign
  /** Whether a lower-case name is among what is foreign. */
  readonly isTaken: (name: string) => boolean
}

/** What is left of headers: a copy, or the same where that is all of them. */
type Less = (headers: Headers) => Headers

const whole: Less = (headers) => headers

/** Where a token travels, and so what is read anew without it. */
const carriers: ReadonlySet<string> = new Set(['cookie', 'authorization'])

function headersLess(given: Given, less: Less): RequestHeaders {
  const { sent, foreign, isTaken } = given
  const copy = (): Headers => {
    const left = less(sent)
    const own = left === sent ? new Headers(sent) : left
    for (const name of foreign().taken) own.delete(name)
    return own
  }
  return {
    get(name) {
      const lower = name.toLowerCase()
      if (isTaken(lower)) return null
      return less !== whole && carriers.has(lower) ? less(sent).get(lower) : sent.get(lower)
    },
    forged: () => foreign().forged,
    copy,
    requestOfLess(request) {
      if (less(sent) !== sent) return new Request(request, { headers: copy() })
      const { taken } = foreign()
      if (taken.length === 0) return request
      // The headers are copied with the request: a second copy, to be given to it, costs a third of this.
      const own = new Request(request)
      for (const name of taken) own.headers.delete(name)
      return own
    },
    withoutToken: () => headersLess(given, withoutToken),
  }
}
