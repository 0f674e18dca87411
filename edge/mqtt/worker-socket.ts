import type { MqttPorts } from '../context.ts'

/** Agrees to an upgrade in a Worker. The one sub-protocol is MQTT's (MQTT 3.1.1, 6.0.0-4). */
export const acceptWebSocket: MqttPorts['acceptWebSocket'] = () => {
  const { 0: client, 1: server } = new WebSocketPair()
  const headers = { 'sec-websocket-protocol': 'mqtt' }
  return {
    response: new Response(null, { status: 101, webSocket: client, headers }),
    socket: {
      listen({ message, closed }) {
        server.binaryType = 'arraybuffer'
        server.accept()
        server.addEventListener('message', ({ data }) => message(data))
        server.addEventListener('close', closed)
      },
      send: (octets) => server.send(octets),
      close: (code, reason) => server.close(code, reason),
    },
  }
}
