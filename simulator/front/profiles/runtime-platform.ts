import type { PlayedPlatform } from '../played.ts'
import type { ConnectionFacts, TerminatedConnection } from '../profile.ts'
import { appendForwardedFor } from './forwarded-for.ts'

/**
 * A platform whose runtime tells of the leaf outside of the request's headers, out of every client's
 * reach, and that turns nobody away.
 */
export function runtimePlatform(
  name: string,
  connectionOf: (connection: TerminatedConnection) => NonNullable<ConnectionFacts['connection']>,
): PlayedPlatform {
  return {
    passes: 'leaf',
    gateway: () => ({}),
    front: () => ({
      name,
      verification: 'unasked',
      admits: () => true,
      connectionFacts: (connection) => ({
        connection: connectionOf(connection),
        headers: [['x-forwarded-proto', 'https']],
      }),
      requestHeaders: (connection, request) => [appendForwardedFor(connection, request)],
    }),
  }
}
