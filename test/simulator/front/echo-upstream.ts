import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'

/** A request as the worker's side of the front received it. */
export interface EchoedRequest {
  readonly method: string
  readonly url: string
  /** Lower-case name and value of each header line, in order. */
  readonly lines: readonly (readonly [string, string])[]
  readonly body: string
  readonly local: LocalFacts
}

/** The control header, taken apart. */
export interface LocalFacts {
  readonly key: string
  readonly now: number
  readonly cf: { readonly tlsClientAuth?: Readonly<Record<string, string | boolean>> }
}

export interface EchoUpstream {
  readonly url: string
  requests(): number
  close(): Promise<void>
}

/** Stands where the worker stands: tells each request back as JSON, echoes WebSocket messages. */
export async function startEcho(): Promise<EchoUpstream> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    void answer(request, response)
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') {
      const body = JSON.stringify({ status: 403, code: 'expired' })
      socket.end(
        'HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\n' +
          `content-length: ${body.length}\r\n\r\n${body}`,
      )
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.send(JSON.stringify(request.headers))
      webSocket.on('message', (message: Buffer) => webSocket.send(message.toString('utf8')))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      for (const webSocket of sockets.clients) webSocket.terminate()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const echo = JSON.stringify(await echoed(request))
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(echo)
}

async function echoed(request: IncomingMessage): Promise<EchoedRequest> {
  const lines = linesOf(request.rawHeaders)
  const control = lines.filter(([name]) => name === 'x-sallyport-local')
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    lines,
    body: await text(request),
    local: localFacts(control.map(([, value]) => value).join(' and ')),
  }
}

function linesOf(raw: readonly string[]): [string, string][] {
  const lines: [string, string][] = []
  for (let index = 0; index < raw.length; index += 2) {
    lines.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? ''])
  }
  return lines
}

export function localFacts(control: string): LocalFacts {
  const dot = control.indexOf('.')
  const json = Buffer.from(control.slice(dot + 1), 'base64url').toString('utf8')
  return { key: control.slice(0, dot), ...JSON.parse(json) } as LocalFacts
}
