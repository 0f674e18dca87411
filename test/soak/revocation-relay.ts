import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { largeOctets, type Fault, type Hindrance } from '../chaos/orders.ts'

/** What lies between gateways and their control plane: it can move, and be slow or broken for some. */
export interface Relay {
  /** Where this gateway finds the control plane, wherever it is. */
  urlFor(gateway: string): string
  /** Where the control plane is from now on. */
  leadTo(url: string): void
  /** Reads of files (`bucket`) and of heads (`feed`) by this gateway, from now on. */
  suffer(gateway: string, fault: Fault): void
  close(): void
}

/** Starts a relay on loopback that leads nowhere yet. */
export async function startRelay(): Promise<Relay> {
  const faults = new Map<string, Fault>()
  const agent = new Agent({ keepAlive: true })
  let target = ''
  const flaky = everyThird()
  const server = createServer((incoming, outgoing) => {
    const [, gateway = '', path = '/'] = /^\/([^/]+)(\/.*)$/.exec(incoming.url ?? '') ?? []
    const { bucket, feed } = faults.get(gateway) ?? {}
    const hindrance = path.startsWith('/api/v1/files/') ? bucket : feed
    void relayed({ incoming, outgoing, url: target + path, agent, hindrance, flaky }).catch(() =>
      // As a server that died in the middle: whoever asked is told no more than that.
      outgoing.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    urlFor: (gateway) => `http://127.0.0.1:${port}/${gateway}`,
    leadTo: (url) => void (target = url),
    suffer: (gateway, fault) => void faults.set(gateway, fault),
    close() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

/** Says of every third question that it is the one. */
function everyThird(): () => boolean {
  let asked = 0
  return () => {
    asked += 1
    return asked % 3 === 0
  }
}

interface Relayed {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly url: string
  readonly agent: Agent
  readonly hindrance: Hindrance | 'large' | undefined
  readonly flaky: () => boolean
}

async function relayed(given: Relayed): Promise<void> {
  const { incoming, outgoing, url, agent, hindrance, flaky } = given
  if (typeof hindrance === 'number') await pause(hindrance)
  if (hindrance === 'broken' || (hindrance === 'flaky' && flaky())) {
    outgoing.writeHead(503).end()
    return
  }
  const { method = 'GET', headers } = incoming
  const onward = request(url, { method, headers, agent })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve).once('error', reject)
  })
  const [answer] = await Promise.all([answered, pipeline(incoming, onward)])
  // Its length is not always said beforehand.
  const octets = hindrance === 'large' ? await buffer(answer) : undefined
  if (octets !== undefined && octets.length >= largeOctets) {
    outgoing.writeHead(503).end()
    return
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  if (octets === undefined) await pipeline(answer, outgoing)
  else outgoing.end(octets)
}
