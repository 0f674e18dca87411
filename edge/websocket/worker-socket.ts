import type { MqttPorts } from '../context.ts'
import type { MessageSocket } from './message-socket.ts'
import { relay } from './relay.ts'
import { offerPath } from './switched.ts'

/** Agrees to an upgrade in a Worker. The one sub-protocol is MQTT's (MQTT 3.1.1, 6.0.0-4). */
export const acceptWebSocket: MqttPorts['acceptWebSocket'] = () => {
  const { 0: client, 1: server } = new WebSocketPair()
  const headers = { 'sec-websocket-protocol': 'mqtt' }
  return {
    response: new Response(null, { status: 101, webSocket: client, headers }),
    socket: messageSocket(server),
  }
}

/** A target's answer in a Worker: where it agrees to an upgrade, its path can be taken. */
export function withPath(response: Response): Response {
  const { webSocket } = response
  if (!webSocket) return response
  return offerPath(response, (guard) => {
    const { 0: client, 1: server } = new WebSocketPair()
    relay(messageSocket(server), messageSocket(webSocket), guard)
    const headers = new Headers(response.headers)
    // Agreed between this worker and the target; with the device the runtime agrees on its own.
    headers.delete('sec-websocket-extensions')
    return new Response(null, { status: 101, webSocket: client, headers })
  })
}

function messageSocket(webSocket: WebSocket): MessageSocket {
  return {
    listen({ message, closed }) {
      webSocket.binaryType = 'arraybuffer'
      webSocket.accept()
      webSocket.addEventListener('message', ({ data }) => message(data))
      webSocket.addEventListener('close', ({ code, reason }) => closed(code, reason))
      // RFC 6455 7.1.5: a connection that broke has the code 1006.
      webSocket.addEventListener('error', () => closed(1006, ''))
    },
    send: (message) => webSocket.send(message),
    close: (code, reason) => webSocket.close(code, reason),
  }
}
