import type { PlayedPlatform } from '../played.ts'
import type { FrontProfile, HeaderList, TerminatedConnection } from '../profile.ts'
import { appendForwardedFor } from './forwarded-for.ts'

/** A platform whose facts are headers, and that turns nobody away: the worker decides on everyone. */
export interface HeaderPlatform {
  readonly name: string
  readonly passes: PlayedPlatform['passes']
  /** `asked`: one of the headers tells the platform's own verdict. */
  readonly verification?: FrontProfile['verification']
  /** `network`: the platform can add no header of the operator's, so none bears the hop's secret. */
  readonly hop?: 'secret' | 'network'
  /** The gateway's variables for these headers. */
  readonly variables?: Readonly<Record<string, string>>
  /**
   * Every header that the platform sets or takes away, the same ones whether there is a certificate
   * or none. A promise where writing one takes one.
   */
  readonly headers: (connection: TerminatedConnection) => HeaderList | Promise<HeaderList>
}

/** Tells the gateway that a request came over its terminator. */
const hopHeader = 'x-sallyport-hop'

/** The platform as a front and a gateway's configuration. */
export function headerPlatform(platform: HeaderPlatform): PlayedPlatform {
  const { name, passes, verification = 'unasked', hop = 'secret', variables, headers } = platform
  return {
    passes,
    gateway: ({ hopSecret }) => ({
      ...variables,
      ...(hop === 'secret' ? { HOP: 'secret', HOP_SECRET: hopSecret } : { HOP: 'network' }),
    }),
    front: ({ hopSecret }) => ({
      name,
      verification,
      admits: () => true,
      connectionFacts: async (connection) => ({
        headers: [
          ...(await headers(connection)),
          [hopHeader, hop === 'secret' ? hopSecret : undefined],
          ['x-forwarded-proto', 'https'],
        ],
      }),
      requestHeaders: (connection, request) => [appendForwardedFor(connection, request)],
    }),
  }
}
