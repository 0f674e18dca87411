import type { XffMode } from './forwarding.ts'

/** What the target is told of the way that a request took. */
export interface ForwardedFacts {
  readonly mode: XffMode
  /** The client's address; undefined where the platform does not tell it. */
  readonly source: string | undefined
  /**
   * `here`: this hop is the one that the client connected to. `before`: a proxy in front is, and its
   * word on protocol and port stands.
   */
  readonly entered: 'here' | 'before'
  /** The address that the client asked for. */
  readonly requested: URL
}

/**
 * Writes `X-Forwarded-For`, `-Proto` and `-Port` as ALB does ("HTTP headers and Application Load
 * Balancers"), and `X-Forwarded-Host`, since the target is asked under its own name.
 */
export function writeForwarded(headers: Headers, facts: ForwardedFacts): void {
  writeForwardedFor(headers, facts)
  const { requested, entered } = facts
  headers.set('x-forwarded-host', requested.host)
  if (entered === 'before') return
  const scheme = requested.protocol.slice(0, -1)
  headers.set('x-forwarded-proto', scheme)
  headers.set('x-forwarded-port', requested.port || (scheme === 'https' ? '443' : '80'))
}

function writeForwardedFor(headers: Headers, { mode, source }: ForwardedFacts): void {
  if (mode === 'remove') return headers.delete('x-forwarded-for')
  if (mode === 'preserve' || source === undefined) return
  const before = headers.get('x-forwarded-for')
  // Cloudflare and ALB have appended it already.
  if (before?.split(',').at(-1)?.trim() === source) return
  headers.append('x-forwarded-for', source)
}

/** Fields of one hop (RFC 9110 7.6.1); `upgrade` goes on where a WebSocket is asked for. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
]

/** RFC 9110 7.6.1: removes the hop's own fields and those that `Connection` names beside them. */
export function removeHopByHop(headers: Headers): void {
  const nominated = headers.get('connection')?.split(',') ?? []
  const isWebSocket = headers.get('upgrade')?.toLowerCase() === 'websocket'
  for (const token of nominated) {
    const name = token.trim().toLowerCase()
    if (name === 'upgrade' && isWebSocket) continue
    // What is no name of a field names none.
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) headers.delete(name)
  }
  for (const name of hopByHop) headers.delete(name)
  if (!isWebSocket) headers.delete('upgrade')
}
