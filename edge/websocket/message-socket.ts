/** One end of a WebSocket. A text frame is a text, a binary one is octets. */
export interface MessageSocket {
  /** Called once. */
  listen(on: SocketListeners): void
  send(message: string | Uint8Array): void
  /** RFC 6455 7.1.5 and 7.1.6. Once it is closed, nothing more. */
  close(code: number, reason: string): void
}

export interface SocketListeners {
  readonly message: (message: string | ArrayBuffer) => void
  /** The code and the reason of whoever closed it. */
  readonly closed: (code: number, reason: string) => void
}
