import { readAccessKeys } from './access-keys.ts'
import type { BucketObjects } from '../../trust-stores/buckets/bucket-objects.ts'
import type { Elbv2Options } from './elbv2.ts'
import {
  r2BucketObjects,
  type ReadableBucket,
} from '../../trust-stores/buckets/r2-bucket-objects.ts'
import { s3BucketObjects } from '../../trust-stores/buckets/s3-bucket-objects.ts'
import { parseJsonObject } from '../../json.ts'

/** Bindings of the control plane that the ELBv2 API is spoken with; none of it without `AWS_KEYS`. */
export interface Elbv2Bindings {
  /** Secret: who may sign requests, see `readAccessKeys`. */
  readonly AWS_KEYS?: string
  readonly CONTROL_REGION?: string
  /** Twelve digits. */
  readonly CONTROL_ACCOUNT?: string
  /** JSON: bucket names as AWS's tools say them → names of R2 bindings. */
  readonly BUCKETS?: string
  /** An S3-compatible service for every other bucket: an https address. */
  readonly S3_ENDPOINT?: string
  readonly S3_REGION?: string
  /** Secrets. */
  readonly S3_ACCESS_KEY_ID?: string
  readonly S3_SECRET_ACCESS_KEY?: string
}

/** A list of fifty megabytes comes in that time over a slow line; AWS's tools wait for a minute. */
const bucketTimeoutMs = 30_000

/**
 * Reads what is bound; undefined where the ELBv2 API is not spoken here. Throws an Error that names
 * the variable at fault, and repeats no secret.
 */
export function elbv2Of(env: Elbv2Bindings): Elbv2Options | undefined {
  if (env.AWS_KEYS === undefined) return undefined
  const keys = readAccessKeys(env.AWS_KEYS)
  if (!keys.ok) throw unusable('AWS_KEYS', keys.error)
  const { CONTROL_REGION: region = 'us-east-1', CONTROL_ACCOUNT: account = '000000000000' } = env
  if (!/^[a-z0-9-]{1,32}$/.test(region)) throw unusable('CONTROL_REGION', 'expected a region')
  if (!/^\d{12}$/.test(account)) throw unusable('CONTROL_ACCOUNT', 'expected twelve digits')
  return { keys: keys.value, where: { region, account }, buckets: bucketsOf(env) }
}

const unusable = (name: string, why: string): Error =>
  new Error(`the variable ${name} cannot be used: ${why}`)

/** A bucket that is bound is asked there, every other one at the S3 endpoint, where there is one. */
export function bucketsOf(env: Elbv2Bindings): BucketObjects {
  const bound = boundBuckets(env)
  const here = r2BucketObjects(bound)
  const there = s3Of(env)
  return {
    get: (object) =>
      there === undefined || bound.has(object.bucket) ? here.get(object) : there.get(object),
  }
}

function boundBuckets(env: Elbv2Bindings): ReadonlyMap<string, ReadableBucket> {
  const bindings: Readonly<Record<string, unknown>> = { ...env }
  return new Map(
    namesOf(env.BUCKETS ?? '{}').map(([bucket, name]) => {
      const binding = bindings[name]
      if (isBucket(binding)) return [bucket, binding]
      throw unusable('BUCKETS', `${name}, for the bucket ${bucket}, is no R2 binding`)
    }),
  )
}

function namesOf(text: string): readonly (readonly [bucket: string, binding: string])[] {
  const json = parseJsonObject(text)
  if (json === undefined) throw unusable('BUCKETS', expectedBuckets)
  return Object.entries(json).map(([bucket, name]: readonly [string, unknown]) => {
    if (typeof name === 'string') return [bucket, name] as const
    throw unusable('BUCKETS', expectedBuckets)
  })
}

const expectedBuckets = 'expected JSON: {"bucket name": "name of an R2 binding"}'

const isBucket = (binding: unknown): binding is ReadableBucket =>
  typeof binding === 'object' && binding !== null && 'get' in binding

function s3Of(env: Elbv2Bindings): BucketObjects | undefined {
  const { S3_ENDPOINT: endpoint, S3_REGION: region = 'auto' } = env
  if (endpoint === undefined) return undefined
  // Plain HTTP is for a server on the same machine: keys do not go over the wire, but objects do.
  if (
    !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(:|\/|$))/.test(endpoint) ||
    !URL.canParse(endpoint)
  ) {
    throw unusable('S3_ENDPOINT', 'expected an https address')
  }
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw unusable('S3_ENDPOINT', 'expected S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY beside it')
  }
  return s3BucketObjects({
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    deadline: () => AbortSignal.timeout(bucketTimeoutMs),
    fetch: (request) => fetch(request),
  })
}
