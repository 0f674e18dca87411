import { AwsClient } from 'aws4fetch'
import type { Hono } from 'hono'
import { createControlApp } from '#edge/control/app.ts'
import { readAccessKeys, type ScopedKey } from '#edge/control/elbv2/access-keys.ts'
import type { BucketFault, BucketObjects } from '#edge/trust-stores/buckets/bucket-objects.ts'
import type { Scope } from '#edge/control/tokens.ts'
import type { Bytes } from '#shared/bytes.ts'
import { err, ok } from '#shared/result.ts'
import { createPki, type Pki } from '../../stage.ts'
import { apiToken, memoryPlane, type MemoryPlane } from '../plane.ts'

export const where = { region: 'us-east-1', account: '123456789012' } as const

export const balancer =
  'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/fleet/50dc6c495c0c9188'

/** A bucket in memory, by `bucket/key`, that can be away. */
export interface Bucket extends BucketObjects {
  readonly objects: Map<string, Bytes>
  away: BucketFault | undefined
}

function memoryBucket(): Bucket {
  const objects = new Map<string, Bytes>()
  return {
    objects,
    away: undefined,
    async get({ bucket, key }) {
      if (this.away !== undefined) return err(this.away)
      const octets = objects.get(`${bucket}/${key}`)?.slice()
      return octets === undefined
        ? err({ kind: 'missing', because: 'none of this key' })
        : ok(octets)
    },
  }
}

/** An entry of `AWS_KEYS`, whose secret goes by its name. */
export function accessKey(
  name: string,
  scopes: readonly Scope[],
  stores?: readonly string[],
): ScopedKey {
  const accessKeyId = `AKIA${name.toUpperCase().padEnd(16, '0')}`
  const entry = { name, accessKeyId, secretAccessKey: name.padEnd(40, '/'), scopes, stores }
  const read = readAccessKeys(JSON.stringify([entry]))
  if (!read.ok || read.value[0] === undefined) throw new Error(`the key ${name} is none`)
  return read.value[0]
}

export const keys = {
  admin: accessKey('alice', ['read', 'revoke', 'write', 'admin']),
  reader: accessKey('rita', ['read']),
  revoker: accessKey('victor', ['revoke'], ['cars']),
  elsewhere: accessKey('eve', ['read', 'revoke', 'write', 'admin'], ['meters']),
} as const

export interface Answer {
  readonly status: number
  readonly text: string
  /** Of an error. */
  readonly code: string | undefined
}

export interface Elbv2Stage {
  readonly pki: Pki
  readonly plane: MemoryPlane
  readonly app: Hono
  readonly bucket: Bucket
  ask(
    action: string,
    parameters?: Readonly<Record<string, string>>,
    key?: ScopedKey,
  ): Promise<Answer>
  /** Signed as AWS's tools do, at the plane's time. */
  signed(body: string, options?: SignOptions): Promise<Request>
  send(request: Request): Promise<Answer>
}

export interface SignOptions {
  readonly key?: ScopedKey
  readonly region?: string
  readonly service?: string
  readonly at?: number
}

/** Of the JSON API, which speaks of the same stores. */
export const ownToken = 't'.repeat(40)

export const endpoint = 'https://control.example/'

export async function elbv2Stage(): Promise<Elbv2Stage> {
  const pki = await createPki()
  const plane = memoryPlane()
  const bucket = memoryBucket()
  const tokens = [await apiToken('olga', ownToken, ['read', 'revoke', 'write', 'admin'])]
  const app = createControlApp(plane, tokens, { keys: Object.values(keys), where, buckets: bucket })
  let asked = 0
  const stage: Elbv2Stage = {
    pki,
    plane,
    app,
    bucket,
    signed: (body, options = {}) => signedRequest(body, { at: plane.clock.now(), ...options }),
    async send(request) {
      const response = await app.request(request)
      const text = await response.text()
      return { status: response.status, text, code: /<Code>(.*)<\/Code>/.exec(text)?.[1] }
    },
    async ask(action, parameters = {}, key = keys.admin) {
      // Each of them another request, as those of AWS's tools are by the id of their invocation.
      asked += 1
      const form = { Action: action, Version: '2015-12-01', ...parameters, Asked: String(asked) }
      return stage.send(await stage.signed(new URLSearchParams(form).toString(), { key }))
    },
  }
  return stage
}

async function signedRequest(
  body: string,
  {
    key = keys.admin,
    region = where.region,
    service = 'elasticloadbalancing',
    at = 0,
  }: SignOptions,
): Promise<Request> {
  const { accessKeyId, secretAccessKey } = key
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service })
  return client.sign(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
    aws: { datetime: new Date(at).toISOString().replaceAll(/[:-]|\.\d{3}/g, '') },
  })
}
