import { fromBase64, toUtf8 } from '#shared/bytes.ts'
import type { LambdaHeaders } from './platforms/lambda-headers.ts'

/** What every event has beside its address; API Gateway writes null where there is nothing. */
interface EventBody extends LambdaHeaders {
  readonly body?: string | null | undefined
  readonly isBase64Encoded?: boolean | undefined
  readonly requestContext: object
}

/** ALB, API Gateway REST, and API Gateway HTTP with payload 1.0. */
export interface LambdaEvent1 extends EventBody {
  readonly httpMethod: string
  readonly path: string
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null | undefined
  readonly multiValueQueryStringParameters?:
    | Readonly<Record<string, readonly string[] | undefined>>
    | null
    | undefined
}

/** API Gateway HTTP with payload 2.0, and function URLs. */
export interface LambdaEvent2 extends EventBody {
  /** `2.0`; AWS's own types say no more than this. */
  readonly version: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly cookies?: readonly string[] | undefined
  readonly requestContext: {
    readonly domainName: string
    readonly http: { readonly method: string }
  }
}

export type LambdaEvent = LambdaEvent1 | LambdaEvent2

/** Who invoked: ALB says its target group, payload 2.0 its version; what is left is payload 1.0. */
export type LambdaDoor = 'alb' | 'payload-1' | 'payload-2'

/** By what an event itself says of its sender, which no header can. */
export function doorOf(event: LambdaEvent): LambdaDoor {
  if ('elb' in event.requestContext) return 'alb'
  return isPayload2(event) ? 'payload-2' : 'payload-1'
}

/**
 * An event as Fetch's request, with `requestContext` as its `connection`, out of reach of any header.
 * Throws a TypeError where a field cannot be one of HTTP.
 */
export function requestOfEvent(event: LambdaEvent): Request {
  const headers = headersOf(event)
  const method = isPayload2(event) ? event.requestContext.http.method : event.httpMethod
  const body = bodyOf(event)
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD'
  const request = new Request(urlOf(event, headers), {
    method,
    headers,
    redirect: 'manual',
    ...(hasBody && { body }),
  })
  return Object.defineProperty(request, 'connection', { value: event.requestContext })
}

function isPayload2(event: LambdaEvent): event is LambdaEvent2 {
  return 'version' in event && event.version === '2.0'
}

/** All values of each field of an event. Throws a TypeError where one cannot be a field of HTTP. */
export function fieldsOf({ headers, multiValueHeaders }: LambdaHeaders): Headers {
  const fields = new Headers()
  for (const [name, value] of Object.entries(multiValueHeaders ?? headers ?? {})) {
    for (const one of value === undefined ? [] : [value].flat()) fields.append(name, one)
  }
  return fields
}

/** Payload 2.0 keeps cookies apart. */
function headersOf(event: LambdaEvent): Headers {
  const headers = fieldsOf(event)
  if (isPayload2(event) && event.cookies !== undefined && event.cookies.length > 0) {
    headers.set('cookie', event.cookies.join('; '))
  }
  return headers
}

/**
 * Path and query are set and never resolved against the host. Paths may come decoded: what would end
 * a path is encoded again by the setter.
 */
function urlOf(event: LambdaEvent, headers: Headers): URL {
  const host = headers.get('host') ?? domainOf(event)
  if (!/^[A-Za-z0-9.-]+(?::\d{1,5})?$/.test(host)) throw new TypeError('Host is none')
  const url = new URL(`https://${host}`)
  url.pathname = isPayload2(event) ? event.rawPath : event.path
  url.search = isPayload2(event) ? event.rawQueryString : queryOf(event)
  return url
}

/** HTTP/1.0 health checks of ALB have no Host. */
const domainOf = (event: LambdaEvent): string =>
  isPayload2(event) ? event.requestContext.domainName : 'host.invalid'

/** ALB hands parameters over as the client wrote them, API Gateway decoded. */
function queryOf(event: LambdaEvent1): string {
  const encode = doorOf(event) === 'alb' ? (text: string) => text : encodeURIComponent
  const { multiValueQueryStringParameters, queryStringParameters } = event
  const parameters = Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {})
  return parameters
    .flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => `${encode(name)}=${encode(one)}`),
    )
    .join('&')
}

function bodyOf({ body, isBase64Encoded }: EventBody): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || body === null || body === '') return undefined
  if (isBase64Encoded !== true) return toUtf8(body)
  const octets = fromBase64(body)
  if (octets === undefined) throw new TypeError('the body is not base64')
  return octets
}
