import { WebSocketServer, type WebSocket } from 'ws'
import type { MqttPorts } from '../context.ts'
import { switchedResponse, type Switch } from './upgrade.ts'
import type { MessageSocket, SocketListeners } from '../websocket/message-socket.ts'

/** Octets of one message, or that may wait for a device that does not read: as many as for a broker. */
const octetsMax = 1024 * 1024

/** RFC 6455 7.4.1: the server goes away; there was no close. */
const goingAway = 1001
const brokenOff = 1006

/** Agrees to upgrades on Node. The one sub-protocol is MQTT's (MQTT 3.1.1, 6.0.0-4). */
export function createAcceptWebSocket(): MqttPorts['acceptWebSocket'] {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: octetsMax,
    // Compression beside secrets tells their length, and costs memory for each device.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  })
  return () => {
    const { socket, to } = createSocket(server)
    return { socket, response: switchedResponse(to) }
  }
}

function createSocket(server: WebSocketServer): { socket: MessageSocket; to: Switch } {
  let listeners: SocketListeners | undefined
  let webSocket: WebSocket | undefined
  let isEnded = false
  const end = (code: number, reason: string): void => {
    isEnded = true
    webSocket?.close(code, reason)
  }
  return {
    socket: {
      listen: (on) => {
        listeners = on
      },
      send(message) {
        if (webSocket === undefined) throw new Error('the broker spoke before the device')
        webSocket.send(message)
        if (webSocket.bufferedAmount > octetsMax) webSocket.terminate()
      },
      close: end,
    },
    to: {
      take(incoming, connection, head) {
        // Also where the handshake fails and no WebSocket ever is.
        connection.once('close', () => listeners?.closed(brokenOff, ''))
        if (isEnded) return void connection.destroy()
        server.handleUpgrade(incoming, connection, head, (opened) => {
          webSocket = opened
          listenTo(opened, () => listeners)
        })
        return undefined
      },
      leave() {
        if (webSocket === undefined) listeners?.closed(goingAway, '')
        end(goingAway, 'the server ends')
      },
    },
  }
}

function listenTo(webSocket: WebSocket, listeners: () => SocketListeners | undefined): void {
  webSocket.binaryType = 'arraybuffer'
  // `close` follows each error, with its code: nothing is to be done here.
  webSocket.on('error', (error) => console.error(`a WebSocket failed: ${error.message}`))
  webSocket.on('message', (message, isBinary) => {
    // What a text says does not matter: MQTT knows none (MQTT 3.1.1, 6.0.0-1).
    if (!isBinary) listeners()?.message('')
    else if (message instanceof ArrayBuffer) listeners()?.message(message)
  })
  webSocket.on('close', (code, reason) => listeners()?.closed(code, String(reason)))
}
