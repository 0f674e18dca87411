import { awsError, statusOf, type AwsError } from './errors.ts'

/** What an operation answers: lists become `member` elements, what is undefined is left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue }

const namespace = 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/'

/** The answer to an operation, in the query protocol's XML. */
export function xmlAnswer(action: string, result: XmlValue, requestId: string): Response {
  const body =
    `<${action}Response xmlns="${namespace}"><${action}Result>${element(result)}</${action}Result>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
  return xml(body, 200, requestId)
}

/** An error, in the query protocol's XML. */
export function xmlError(error: AwsError, requestId: string): Response {
  const status = statusOf(error)
  const fault = {
    Type: status < 500 ? 'Sender' : 'Receiver',
    Code: error.code,
    Message: error.message,
  }
  const body = `<ErrorResponse xmlns="${namespace}"><Error>${element(fault)}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  return xml(body, status, requestId)
}

/** What went wrong here, and nothing of it. */
export const internalFailure: AwsError = awsError(
  'InternalFailure',
  'The request could not be carried out.',
)

function xml(body: string, status: number, requestId: string): Response {
  const headers = {
    'content-type': 'text/xml',
    'x-amzn-requestid': requestId,
    'cache-control': 'no-store',
  }
  return new Response(body, { status, headers })
}

function element(value: XmlValue): string {
  if (value === undefined) return ''
  if (typeof value !== 'object') return escapeText(String(value))
  if (isList(value)) return value.map((each) => `<member>${element(each)}</member>`).join('')
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `<${name}>${element(each)}</${name}>`)
    .join('')
}

const isList = (value: object): value is readonly XmlValue[] => Array.isArray(value)

/** Characters that XML 1.0 has no place for at all become question marks. */
function escapeText(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
