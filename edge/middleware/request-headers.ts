import { withoutToken } from '../session/token-carrier.ts'

/**
 * A request's headers without any that a client may not say. A copy of them costs a Worker as much as
 * to decide, so none is made until somebody asks for all of them.
 */
export interface RequestHeaders {
  get(name: string): string | null
  /** Whether they are known to be the request's own, all of them. */
  readonly areWhole: boolean
  /** All of them, for the caller to write to. */
  copy(): Headers
  /** The same; undefined where nothing was taken away, so that the request's own say no more. */
  copyOfLess(): Headers | undefined
  /** These without a session's token as well. */
  withoutToken(): RequestHeaders
}

/**
 * @param sent a request's own
 * @param taken lower-case names of what is taken away
 */
export const requestHeaders = (sent: Headers, taken: readonly string[]): RequestHeaders =>
  headersLess(sent, taken, whole)

/** What is left of headers: a copy, or the same where that is all of them. */
type Less = (headers: Headers) => Headers

const whole: Less = (headers) => headers

/** Where a token travels, and so what is read anew without it. */
const carriers: ReadonlySet<string> = new Set(['cookie', 'authorization'])

function headersLess(sent: Headers, taken: readonly string[], less: Less): RequestHeaders {
  const copyOfLess = (): Headers | undefined => {
    const left = less(sent)
    if (left === sent && taken.length === 0) return undefined
    const copy = left === sent ? new Headers(sent) : left
    for (const name of taken) copy.delete(name)
    return copy
  }
  return {
    get(name) {
      const lower = name.toLowerCase()
      if (taken.includes(lower)) return null
      return less !== whole && carriers.has(lower) ? less(sent).get(lower) : sent.get(lower)
    },
    areWhole: less === whole && taken.length === 0,
    copy: () => copyOfLess() ?? new Headers(sent),
    copyOfLess,
    withoutToken: () => headersLess(sent, taken, withoutToken),
  }
}
