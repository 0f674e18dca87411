import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { cfOf, chainOf, dayMs } from './given.ts'

/** The machine's own time: AWS's tools sign with it. */
export const now = instantFromMs(Date.now())

export const credentials = {
  accessKeyId: 'AKIAFLEETOPERATOR000',
  secretAccessKey: 'k'.repeat(40),
} as const

export const balancer =
  'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/fleet/50dc6c495c0c9188'

/** An S3 service, as a client of it and the control plane name it. */
export interface S3Service {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Knock {
  readonly status: number
  readonly body: Readonly<Record<string, string>>
}

/** A control plane, an edge worker bound to its listener `fleet:443`, and a fleet's authority. */
export interface Elbv2Runtime {
  /** Of the control plane, for AWS's tools. */
  readonly endpoint: string
  readonly anchorsPem: string
  /** Into the bucket `fleet-trust`. */
  putFile(key: string, octets: Bytes): Promise<void>
  /** Onto a server that speaks as much S3 as is read here, by its path; its latest version is `v1`. */
  putS3(path: string, octets: Bytes): void
  /** A list of each issuer as it is now, as a PEM file. */
  lists(afterMs?: number): Promise<readonly string[]>
  /** The same, into the bucket: their keys. */
  putLists(prefix: string, afterMs?: number): Promise<readonly string[]>
  issue(device: string, days?: number): Promise<DeviceCredential>
  revoke(device: DeviceCredential): void
  /** What the target was sent, or a problem document. */
  knock(device: DeviceCredential, headers?: Record<string, string>): Promise<Knock>
  dispose(): Promise<void>
}

/** @param service buckets that are not bound are of this one, or of a stand-in that `putS3` fills. */
export async function startElbv2(service?: S3Service): Promise<Elbv2Runtime> {
  const s3 = await startS3()
  const runtime = await startWorkers(service ?? { ...standIn, endpoint: s3.endpoint })
  const endpoint = String(await runtime.ready)
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 7, start: now, intermediates: 1, ledger })
  const putFile = async (key: string, octets: Bytes): Promise<void> => {
    const bucket = await runtime.getR2Bucket('FILES', 'control')
    await bucket.put(key, octets)
  }
  await putFile('bundle.pem', toUtf8(authority.anchorsPem))
  const lists: Elbv2Runtime['lists'] = async (afterMs = 0) => {
    const crls = await authority.crls(shift(now, afterMs - 60_000), 30 * dayMs)
    return crls.map(({ der }) => encodePem('X509 CRL', der))
  }
  return {
    endpoint,
    anchorsPem: authority.anchorsPem,
    putFile,
    putS3: (path, octets) => void s3.objects.set(path, octets),
    lists,
    async putLists(prefix, afterMs) {
      const pems = await lists(afterMs)
      const named = pems.map((pem, index) => [`${prefix}-${index}.pem`, pem] as const)
      for (const [key, pem] of named) await putFile(key, toUtf8(pem))
      return named.map(([key]) => key)
    },
    issue(device, days = 1) {
      const validity = { notBefore: shift(now, -2 * dayMs), notAfter: shift(now, days * dayMs) }
      return authority.issue({ device, kind: 'car', ...validity, at: now })
    },
    revoke: ({ serial }) => authority.revoke(serial, now, 'keyCompromise'),
    async knock(device, headers = {}) {
      const cf: object = cfOf(...chainOf(device))
      const response = await runtime.dispatchFetch('http://edge.example/', { cf, headers })
      return { status: response.status, body: (await response.json()) as Knock['body'] }
    },
    async dispose() {
      s3.server.close()
      await runtime.dispose()
    },
  }
}

/** Answers with the headers that it was sent. */
const echo = `export default { fetch: (request) => Response.json(Object.fromEntries(request.headers)) }`

interface S3Server {
  readonly server: Server
  readonly endpoint: string
  readonly objects: Map<string, Bytes>
}

/** Signed requests for what is there are answered, everything else is not. */
async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Bytes>()
  const server = createServer(({ url = '', headers }, response) => {
    const octets = objects.get(url.replace(/[?]versionId=v1$/, ''))
    const isSigned = /^AWS4-HMAC-SHA256 .*Signature=/.test(headers.authorization ?? '')
    if (octets === undefined || !isSigned) response.writeHead(isSigned ? 404 : 403).end()
    else response.end(octets)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { server, endpoint: `http://127.0.0.1:${port}`, objects }
}

const standIn = {
  region: 'auto',
  accessKeyId: 'AKIABUCKETREADER0000',
  secretAccessKey: 's'.repeat(40),
} as const

async function startWorkers(s3: S3Service): Promise<Miniflare> {
  const [control, edge] = await Promise.all([
    bundleWorker('edge/control/worker.ts'),
    bundleWorker('edge/worker.ts'),
  ])
  const keys = [{ name: 'alice', ...credentials, scopes: ['read', 'revoke', 'write', 'admin'] }]
  const compatibilityDate = '2026-10-15'
  return new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        {
          // The first takes every host that no other one has: AWS's tools speak to the address itself.
          name: 'control',
          compatibilityDate,
          modules: [{ type: 'ESModule', path: 'control.mjs', contents: control.text }],
          r2Buckets: { TRUST: 'sallyport-trust', FILES: 'operators-files' },
          bindings: {
            AWS_KEYS: JSON.stringify(keys),
            CONTROL_ACCOUNT: '123456789012',
            BUCKETS: JSON.stringify({ 'fleet-trust': 'FILES' }),
            S3_ENDPOINT: s3.endpoint,
            S3_REGION: s3.region,
            S3_ACCESS_KEY_ID: s3.accessKeyId,
            S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
          },
          durableObjects: {
            STORES: { className: 'TrustStoreObject', useSQLite: true },
            DIRECTORY: { className: 'DirectoryObject', useSQLite: true },
          },
        },
        {
          name: 'edge',
          compatibilityDate,
          modules: [{ type: 'ESModule', path: 'edge.mjs', contents: edge.text }],
          r2Buckets: { TRUST: 'sallyport-trust' },
          routes: ['edge.example/*'],
          // Asked at every request: nothing here waits for time to pass.
          bindings: { LISTENER: 'fleet:443', MAX_STALENESS: '0s' },
          serviceBindings: {
            TRUST_STORE_FEED: { name: 'control', entrypoint: 'TrustStoreFeed' },
            TARGET: 'echo',
          },
        },
        { name: 'echo', modules: [{ type: 'ESModule', path: 'echo.mjs', contents: echo }] },
      ],
    }),
  )
}
