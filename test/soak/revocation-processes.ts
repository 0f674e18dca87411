import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type OutgoingHttpHeaders } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Plane } from '../chaos/stage.ts'
import { startControlPlane, type ControlPlaneProcess } from './control-plane-process.ts'
import { startRelay, type Relay } from './revocation-relay.ts'

/** What a soak of revocations asks of a plane. */
export interface SoakPlane extends Pick<
  Plane,
  'api' | 'change' | 'close' | 'file' | 'probe' | 'restart' | 'suffer'
> {
  /** Starts a gateway that takes a while to; otherwise it starts with its first question. */
  begin?(worker: string): Promise<void>
}

type Variables = Readonly<Record<string, string>>

/** Between whoever ends TLS and these gateways: here it is the soak that hands certificates over. */
const hopSecret = 'h'.repeat(32)

/**
 * A local control plane in a process of its own, and gateways as `sallyport-serve`, each in one too,
 * that follow it over HTTP, through a relay that can be told to be slow or broken for some of them. A
 * gateway is started when it is first asked, because without a store it ends.
 *
 * @param workers the variables of each gateway, by its name
 */
export async function startProcessPlane(
  workers: Readonly<Record<string, Variables>>,
): Promise<SoakPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-soak-'))
  const relay = await startRelay()
  let control = await startControl(directory, relay)
  const [admin = '', reader = ''] = await Promise.all(
    ['admin.token', 'read.token'].map(async (name) =>
      (await readFile(join(directory, name), 'utf8')).trim(),
    ),
  )
  const api = apiOf(relay.urlFor('operator'), admin)
  const gateways = new Map<string, Promise<Gateway>>()
  const agent = new Agent({ keepAlive: true })
  const gatewayOf = (name: string): Promise<Gateway> => {
    const started = gateways.get(name) ?? startGateway({ ...workers[name], ...feedOf(name) })
    gateways.set(name, started)
    return started
  }
  const feedOf = (name: string): Variables => ({
    TRUST_STORE: 'cars',
    TRUST_STORE_URL: relay.urlFor(name),
    TRUST_STORE_TOKEN: reader,
  })
  return {
    api,
    file: async (octets) => String((await api('POST', '/files', octets))['file']),
    async change(body) {
      const { status, epoch, refusal } = await api('POST', '/trust-stores/cars/changes', body)
      return {
        status: Number(status),
        ...(typeof epoch === 'number' && { epoch }),
        ...(typeof refusal === 'string' && { refusal }),
      }
    },
    begin: async (name) => void (await gatewayOf(name)),
    async probe(name, devices) {
      const { url } = await gatewayOf(name)
      return Promise.all(devices.map((device) => knock(url, device, agent)))
    },
    suffer: async (name, fault) => relay.suffer(name, fault),
    async restart() {
      await control.kill()
      control = await startControl(directory, relay)
    },
    async close() {
      for (const gateway of gateways.values()) await killed((await gateway).child)
      agent.destroy()
      await control.kill()
      relay.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** Resolves when it listens, and whoever asks the relay is led to it. */
async function startControl(directory: string, relay: Relay): Promise<ControlPlaneProcess> {
  const control = startControlPlane(directory)
  const url = await control.listening
  if (url === undefined) throw new Error(`the control plane did not start: ${control.said()}`)
  relay.leadTo(url)
  return control
}

function apiOf(url: string, token: string): Plane['api'] {
  return async (method, path, body) => {
    const isOctets = body instanceof Uint8Array
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': isOctets ? 'application/octet-stream' : 'application/json',
      },
      ...(body !== undefined && { body: isOctets ? body.slice() : JSON.stringify(body) }),
    })
    return { status: response.status, ...((await response.json()) as object) }
  }
}

interface Gateway {
  readonly child: ChildProcess
  readonly url: string
}

async function startGateway(variables: Variables): Promise<Gateway> {
  const named = Object.entries(variables).map(([name, value]) => [`SALLYPORT_${name}`, value])
  const hop = { SALLYPORT_HOP: 'secret', SALLYPORT_HOP_SECRET: hopSecret }
  const env = {
    ...process.env,
    ...hop,
    SALLYPORT_CONNECTION_LOG: 'off',
    ...Object.fromEntries(named),
  }
  const args = ['edge/serve.ts', '--platform', 'rfc9440', '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    const [, url] = /listening on (\S+)\n/.exec(said) ?? []
    if (url === undefined) continue
    // Nobody reads on: what is not taken away would stop it in the end.
    child.stderr.resume()
    return { child, url }
  }
  throw new Error(`a gateway did not start: ${said}`)
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** The fields of `request.cf` that Cloudflare has of RFC 9440, handed over as RFC 9440 says. */
async function knock(url: string, device: object, agent: Agent): Promise<string> {
  const auth: unknown = 'tlsClientAuth' in device ? device.tlsClientAuth : undefined
  const { status, body } = await ask(url, agent, {
    'x-sallyport-hop': hopSecret,
    'client-cert': fieldOf(auth, 'certRFC9440'),
    'client-cert-chain': fieldOf(auth, 'certRFC9440Chain'),
  })
  return status === 200 ? 'in' : fieldOf(JSON.parse(body), 'code')
}

/** Node's own client: of fifty gateways each is asked some ten times a second on the machine they share. */
function ask(
  url: string,
  agent: Agent,
  headers: OutgoingHttpHeaders,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject)
    }).once('error', reject)
  })
}

function fieldOf(value: unknown, name: string): string {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {}
  const field = fields[name]
  return typeof field === 'string' ? field : ''
}
