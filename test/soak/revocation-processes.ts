import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveControlPlane, type NodeControl } from '#edge/node/control.ts'
import type { Plane } from '../chaos/stage.ts'

/** What a soak of revocations asks of a plane. */
export type SoakPlane = Pick<
  Plane,
  'api' | 'change' | 'close' | 'file' | 'probe' | 'restart' | 'suffer'
>

type Variables = Readonly<Record<string, string>>

/** Between whoever ends TLS and these gateways: here it is the soak that hands certificates over. */
const hopSecret = 'h'.repeat(32)

/**
 * A local control plane, and gateways as `sallyport-serve` in processes of their own that follow it
 * over HTTP: started when the first of them is asked, because without a store they end.
 *
 * @param workers the variables of each gateway, by its name
 */
export async function startProcessPlane(
  workers: Readonly<Record<string, Variables>>,
): Promise<SoakPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-soak-'))
  const control = await serveControlPlane({ directory, host: '127.0.0.1', port: 0 })
  const [admin, reader] = await Promise.all(
    ['admin.token', 'read.token'].map(async (name) =>
      (await readFile(join(directory, name), 'utf8')).trim(),
    ),
  )
  const api = apiOf(control, admin ?? '')
  let gateways: Promise<ReadonlyMap<string, Gateway>> | undefined
  const startAll = async (): Promise<ReadonlyMap<string, Gateway>> => {
    const started = Object.entries(workers).map(async ([name, variables]) => {
      const gateway = await startGateway({
        ...variables,
        TRUST_STORE: 'cars',
        TRUST_STORE_URL: control.url,
        TRUST_STORE_TOKEN: reader ?? '',
      })
      return [name, gateway] as const
    })
    return new Map(await Promise.all(started))
  }
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
    async probe(name, devices) {
      gateways ??= startAll()
      const url = (await gateways).get(name)?.url
      if (url === undefined) throw new Error(`there is no gateway ${name}`)
      return Promise.all(devices.map((device) => knock(url, device)))
    },
    suffer: () => Promise.reject(new Error('processes are put through no fault here')),
    restart: () => Promise.reject(new Error('processes are put through no fault here')),
    async close() {
      for (const { child } of (await gateways)?.values() ?? []) await killed(child)
      await control.close(0)
      await rm(directory, { recursive: true })
    },
  }
}

function apiOf(control: NodeControl, token: string): Plane['api'] {
  return async (method, path, body) => {
    const isOctets = body instanceof Uint8Array
    const response = await fetch(`${control.url}/api/v1${path}`, {
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
async function knock(url: string, device: object): Promise<string> {
  const auth: unknown = 'tlsClientAuth' in device ? device.tlsClientAuth : undefined
  const response = await fetch(url, {
    headers: {
      'x-sallyport-hop': hopSecret,
      'client-cert': fieldOf(auth, 'certRFC9440'),
      'client-cert-chain': fieldOf(auth, 'certRFC9440Chain'),
    },
  })
  const answer: unknown = await response.json()
  return response.status === 200 ? 'in' : fieldOf(answer, 'code')
}

function fieldOf(value: unknown, name: string): string {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {}
  const field = fields[name]
  return typeof field === 'string' ? field : ''
}
