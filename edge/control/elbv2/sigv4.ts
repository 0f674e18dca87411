import { equalTextsInConstantTime, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import { awsError, type AwsError } from './errors.ts'

/** Who may sign requests: an entry of the secret `AWS_KEYS`. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What a signature is checked against. */
export interface SignatureContext<Key extends AccessKey> {
  readonly keys: readonly Key[]
  readonly region: string
  readonly service: string
  readonly now: Instant
}

/** A request with a signature that holds. */
export interface Signed<Key> {
  readonly key: Key
  /** Names this very request: the same again is a replay. */
  readonly signature: string
}

/** AWS takes a signature for five minutes on either side of its own clock. */
export const signatureAgeMaxMs = 5 * 60_000

/**
 * Checks the signature of a request in its `Authorization` header (AWS Signature Version 4). The
 * host, the date and every header that is listed are signed, and so is the body.
 */
export async function checkSigV4<Key extends AccessKey>(
  request: Request,
  body: Bytes,
  context: SignatureContext<Key>,
): Promise<Result<Signed<Key>, AwsError>> {
  const claim = readClaim(request.headers)
  if (!claim.ok) return claim
  const fault = scopeFault(claim.value, context) ?? timeFault(claim.value, context.now)
  if (fault !== undefined) return err(fault)
  const key = context.keys.find(({ accessKeyId }) => accessKeyId === claim.value.accessKeyId)
  if (key === undefined) {
    return err(
      awsError('InvalidClientTokenId', 'The security token included in the request is invalid.'),
    )
  }
  const expected = await signatureOf(request, body, claim.value, key.secretAccessKey)
  const { signature } = claim.value
  if (equalTextsInConstantTime(signature, expected)) return ok({ key, signature })
  return err(
    awsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    ),
  )
}

/** What the header says, none of it believed yet. */
interface Claim {
  readonly accessKeyId: string
  /** `yyyymmdd`. */
  readonly day: string
  readonly region: string
  readonly service: string
  /** Lower case, sorted, as the header lists them. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `x-amz-date`: `yyyymmddThhmmssZ`. */
  readonly date: string
  readonly at: Instant
}

const headerForm =
  /^AWS4-HMAC-SHA256 Credential=([\w]{1,128})\/(\d{8})\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,64})\/aws4_request, ?SignedHeaders=([a-z0-9;-]{1,1024}), ?Signature=([0-9a-f]{64})$/

function readClaim(headers: Headers): Result<Claim, AwsError> {
  const authorization = headers.get('authorization')
  if (authorization === null) {
    return err(awsError('MissingAuthenticationToken', 'Request is missing Authentication Token'))
  }
  const [, accessKeyId, day, region, service, listed, signature] =
    headerForm.exec(authorization) ?? []
  const date = headers.get('x-amz-date') ?? ''
  const at = instantOf(date)
  if (signature === undefined || at === undefined) {
    return err(
      awsError(
        'IncompleteSignature',
        "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and the request an 'X-Amz-Date' header.",
      ),
    )
  }
  const signedHeaders = (listed ?? '').split(';')
  const unsigned = ['host', 'x-amz-date'].find((name) => !signedHeaders.includes(name))
  if (unsigned !== undefined) {
    return err(awsError('SignatureDoesNotMatch', `'${unsigned}' must be a 'SignedHeader'.`))
  }
  return ok({
    accessKeyId: accessKeyId ?? '',
    day: day ?? '',
    region: region ?? '',
    service: service ?? '',
    signedHeaders,
    signature,
    date,
    at,
  })
}

function scopeFault(
  { region, service }: Claim,
  wanted: Pick<SignatureContext<AccessKey>, 'region' | 'service'>,
): AwsError | undefined {
  if (region !== wanted.region) {
    return awsError(
      'SignatureDoesNotMatch',
      `Credential should be scoped to a valid region, not '${region}'. It is '${wanted.region}' here.`,
    )
  }
  if (service === wanted.service) return undefined
  return awsError(
    'SignatureDoesNotMatch',
    `Credential should be scoped to correct service: '${wanted.service}'.`,
  )
}

function timeFault({ date, day, at }: Claim, now: Instant): AwsError | undefined {
  if (!date.startsWith(day)) {
    return awsError(
      'SignatureDoesNotMatch',
      'Date in Credential scope does not match YYYYMMDD from X-Amz-Date.',
    )
  }
  if (Math.abs(now - at) <= signatureAgeMaxMs) return undefined
  const edge = dateOf(now - Math.sign(now - at) * signatureAgeMaxMs)
  return at < now
    ? awsError(
        'SignatureDoesNotMatch',
        `Signature expired: ${date} is now earlier than ${edge} (${dateOf(now)} - 5 min.)`,
      )
    : awsError(
        'SignatureDoesNotMatch',
        `Signature not yet current: ${date} is still later than ${edge} (${dateOf(now)} + 5 min.)`,
      )
}

/** Undefined where it is no time: not of the form, or the ninety-ninth of a month. */
function instantOf(date: string): Instant | undefined {
  const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
  const ms = form.test(date) ? Date.parse(date.replace(form, '$1-$2-$3T$4:$5:$6Z')) : Number.NaN
  return Number.isNaN(ms) ? undefined : instantFromMs(ms)
}

const dateOf = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')

async function signatureOf(
  request: Request,
  body: Bytes,
  { day, region, service, date, signedHeaders }: Claim,
  secret: string,
): Promise<string> {
  const canonical = [
    request.method,
    canonicalPath(request.url),
    canonicalQuery(request.url),
    ...signedHeaders.map((name) => `${name}:${headerValue(request, name)}`),
    '',
    signedHeaders.join(';'),
    await sha256Hex(body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, await sha256Hex(toUtf8(canonical))].join('\n')
  let key: Bytes = toUtf8(`AWS4${secret}`)
  for (const part of [day, region, service, 'aws4_request']) key = await hmac(key, part)
  return toHex(await hmac(key, toSign))
}

/** The path is encoded as it came, and not a second time: ELBv2 has none but `/`. */
const canonicalPath = (url: string): string => new URL(url).pathname

function canonicalQuery(url: string): string {
  const pairs = [...new URL(url).searchParams].map(
    ([name, value]) => [encode(name), encode(value)] as const,
  )
  return pairs
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map((pair) => pair.join('='))
    .join('&')
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** RFC 3986 unreserved characters stand for themselves. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** The host that the client wrote, with its port; of other headers the value with single spaces. */
function headerValue({ headers, url }: Request, name: string): string {
  const value = headers.get(name) ?? (name === 'host' ? new URL(url).host : '')
  return value.trim().replaceAll(/ +/g, ' ')
}

async function sha256Hex(octets: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
}

async function hmac(key: Bytes, text: string): Promise<Bytes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, toUtf8(text)))
}
