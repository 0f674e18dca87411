/** Why a connection or a request came to no answer. An HTTP status is an answer, whatever it says. */
export type ConnectionFailure =
  /**
   * The far side ended the connection without a word: a terminator that refuses in the handshake
   * (ALB in verify mode), or a held connection that was cut. `answered` tells the two apart.
   */
  | {
      readonly kind: 'connection_closed'
      /** Requests answered on this connection before. */
      readonly answered: number
      readonly detail: string
    }
  | { readonly kind: 'timed_out'; readonly detail: string }
  /** Nobody listens there, or this machine can open no more connections. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** The far side is not who it should be, or does not speak the protocol. */
  | { readonly kind: 'protocol_error'; readonly detail: string }

type FailureKind = ConnectionFailure['kind']

/** Codes of Node and undici. What is not here, and no TLS alert, is a protocol error. */
const kinds: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['ECONNRESET', 'connection_closed'],
  ['EPIPE', 'connection_closed'],
  ['UND_ERR_SOCKET', 'connection_closed'],
  ['ETIMEDOUT', 'timed_out'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timed_out'],
  ['UND_ERR_BODY_TIMEOUT', 'timed_out'],
  ['ECONNREFUSED', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EMFILE', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
])

/** What an error of a socket or of undici means for the device; `answered` requests came before. */
export function failureOf(error: unknown, answered: number): ConnectionFailure {
  const code = codeOf(error)
  const detail = error instanceof Error ? `${code} ${error.message}`.trim() : String(error)
  const kind = kinds.get(code) ?? (isAlert(code) ? 'connection_closed' : 'protocol_error')
  return kind === 'connection_closed' ? { kind, answered, detail } : { kind, detail }
}

export function closedConnection(answered: number, detail: string): ConnectionFailure {
  return { kind: 'connection_closed', answered, detail }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

/** OpenSSL's codes of alerts that the far side sent, `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`. */
function isAlert(code: string): boolean {
  return code.startsWith('ERR_SSL_') && code.includes('_ALERT_')
}
