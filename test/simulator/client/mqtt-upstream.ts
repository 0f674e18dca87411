import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws'

export interface MqttUpstream {
  readonly url: string
  /** Closes every open session as the edge does when it learns of a revocation. */
  cut(closeCode: number, reason: string): void
  /** From now on nothing that devices send reaches the broker. */
  stall(): void
  close(): Promise<void>
}

/** Stands where the worker stands: pumps WebSocket messages to a broker, and refuses by path. */
export async function startMqttUpstream(brokerPort: number): Promise<MqttUpstream> {
  // A plain request is the front's, which tells the time before a message goes on.
  const server = createServer((_request, response) => void response.writeHead(204).end())
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/mqtt') return socket.end(refusal(request.url ?? ''))
    sockets.handleUpgrade(request, socket, head, (webSocket) => pump(webSocket, brokerPort))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut(closeCode, reason) {
      for (const webSocket of sockets.clients) webSocket.close(closeCode, reason)
    },
    stall() {
      for (const webSocket of sockets.clients) webSocket.pause()
    },
    async close() {
      for (const webSocket of sockets.clients) webSocket.terminate()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function pump(webSocket: WebSocket, brokerPort: number): void {
  const stream = createWebSocketStream(webSocket)
  const broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true })
  stream.pipe(broker).pipe(stream)
  stream.on('error', () => broker.destroy())
  stream.on('close', () => broker.destroy())
  broker.on('error', () => webSocket.terminate())
}

function refusal(path: string): string {
  const html = path === '/html'
  const body = html ? '<h1>no</h1>' : '{"status":403,"code":"revoked"}'
  const type = html ? 'text/html' : 'application/problem+json'
  return `HTTP/1.1 403 Forbidden\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
