import type { FixedResponseAction, RedirectAction } from './routing.ts'

/** The words that stand for a part of the request's own address, as ALB has them. */
const keyword = /#\{(protocol|host|port|path|query)\}/g

/**
 * Where a redirect leads ("Redirect actions", ALB). The port is always written, as ALB writes it, and
 * `#{path}` has no leading `/`. What comes from the request is a parsed URL's: no line ends in it.
 *
 * @param requested the address that the client asked for
 */
export function redirectLocation(action: RedirectAction, requested: URL): string {
  const own: Readonly<Record<string, string>> = {
    protocol: requested.protocol.slice(0, -1),
    host: requested.hostname,
    port: requested.port === '' ? defaultPort(requested) : requested.port,
    path: requested.pathname.slice(1),
    query: requested.search.slice(1),
  }
  const fill = (text: string): string =>
    text.replaceAll(keyword, (_, name: string) => own[name] ?? '')
  const { protocol, host, port, path, query } = action
  const filledQuery = fill(query)
  const search = filledQuery === '' ? '' : `?${filledQuery}`
  return `${fill(protocol).toLowerCase()}://${fill(host)}:${fill(port)}${fill(path)}${search}`
}

const defaultPort = ({ protocol }: URL): string => (protocol === 'https:' ? '443' : '80')

/** The answer of a redirect. */
export function redirectResponse(action: RedirectAction, requested: URL): Response {
  const headers = { location: redirectLocation(action, requested) }
  return new Response(null, { status: action.status, headers })
}

/** The answer that a rule has ready ("Fixed-response actions", ALB). */
export function fixedResponse({ status, contentType, body }: FixedResponseAction): Response {
  if (body === undefined) return new Response(null, { status })
  return new Response(body, { status, headers: { 'content-type': contentType } })
}
