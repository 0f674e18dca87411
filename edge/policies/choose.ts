import type { Listener, ListenerPolicy, RoutedPolicy } from '../listener.ts'
import { matchesWildcard } from '../routing/wildcard.ts'

/**
 * The policy of one request: the first that matches, or the listener's own. Nothing else that a
 * client says has a part in it.
 *
 * @param host of the request's URL: in lower case, without its port
 * @param path of `normalisePath`, and the one that goes on to the target
 */
export function choosePolicy(listener: Listener, host: string, path: string): ListenerPolicy {
  // The final dot of a name in full (RFC 1034 3.1) names no other host.
  const name = host.replace(/\.$/, '')
  return listener.policies.find((policy) => isFor(policy, name, path)) ?? listener
}

function isFor({ hosts, paths }: RoutedPolicy, host: string, path: string): boolean {
  return matchesOne(hosts, host) && matchesOne(paths, path)
}

const matchesOne = (patterns: readonly string[], text: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => matchesWildcard(pattern, text))

/** Whether any request of this listener is decided on here. */
export function decidesAnywhere(listener: Pick<Listener, 'mode' | 'policies'>): boolean {
  return [listener, ...listener.policies].some(({ mode }) => mode === 'verify')
}
