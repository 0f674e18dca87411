import { AwsClient } from 'aws4fetch'
import { bucketFault, objectOctetsMax, readBounded, type BucketObjects } from './bucket-objects.ts'

export interface S3Options {
  /** The operator's own: no other host is ever asked, whatever a request says. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Aborts when an object has been waited for long enough. */
  readonly deadline: () => AbortSignal
  readonly fetch: (request: Request) => Promise<Response>
}

/** Of S3's rules what keeps a name one segment of a path: letters, digits, dots and hyphens. */
const bucketForm = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** S3: a key has at most 1,024 octets. */
const keyLengthMax = 1024

/** Objects of any S3-compatible service, addressed by path (`endpoint/bucket/key`). */
export function s3BucketObjects(options: S3Options): BucketObjects {
  const { accessKeyId, secretAccessKey, region, deadline } = options
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 })
  return {
    async get({ bucket, key, version }) {
      if (!bucketForm.test(bucket) || bucket.includes('..')) {
        return bucketFault('missing', 'there is no bucket of this name')
      }
      const address = addressOf(options.endpoint, bucket, key, version)
      if (address === undefined) return bucketFault('missing', 'there is no object of this key')
      const request = await client.sign(address, { redirect: 'manual', signal: deadline() })
      return answered(request, options)
    },
  }
}

/** Undefined where the key would lead out of its bucket when the address is read. */
function addressOf(
  endpoint: string,
  bucket: string,
  key: string,
  version: string | undefined,
): string | undefined {
  const segments = key.split('/')
  const leads = segments.some((segment) => segment === '.' || segment === '..')
  if (key === '' || key.length > keyLengthMax || leads) return undefined
  const path = segments.map(encodeURIComponent).join('/')
  const url = new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/${path}`)
  if (version !== undefined) url.searchParams.set('versionId', version)
  return url.href
}

async function answered(request: Request, { fetch }: S3Options): ReturnType<BucketObjects['get']> {
  try {
    const response = await fetch(request)
    if (response.ok && response.body !== null) {
      return await readBounded(response.body, objectOctetsMax)
    }
    const because = `the bucket answers ${response.status}${await codeOf(response)}`
    return bucketFault(isMissing(response.status) ? 'missing' : 'unavailable', because)
  } catch (error) {
    return bucketFault('unavailable', `the bucket does not answer: ${String(error)}`)
  }
}

/** 400 is S3's word on a version id that is none; 403 its word on what may not even be known to be missing. */
const isMissing = (status: number): boolean => [400, 403, 404].includes(status)

/** S3's errors are some hundred octets of XML; a proxy's page may be longer, and then says nothing here. */
const errorOctetsMax = 16 * 1024

/**
 * S3's own word on why, as `SignatureDoesNotMatch` or `AuthorizationHeaderMalformed` (a wrong region),
 * which says whether an operator has to look at a key or at the variables (S3 API reference, "Error
 * responses"); nothing where the answer has none.
 */
async function codeOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const read = await readBounded(body, errorOctetsMax)
  if (!read.ok) return ''
  const [, code] =
    /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(new TextDecoder().decode(read.value)) ?? []
  return code === undefined ? '' : ` ${code}`
}
