import { toBase64 } from '#shared/bytes.ts'
import { doorOf, type LambdaEvent } from './lambda-event.ts'

/** What Lambda hands back: each door reads the fields that it knows. */
export interface LambdaResult {
  readonly statusCode: number
  /** ALB's. */
  readonly statusDescription?: string
  readonly headers?: Readonly<Record<string, string>>
  /** In place of `headers`, where the event had them. */
  readonly multiValueHeaders?: Readonly<Record<string, string[]>>
  /** `set-cookie` lines, payload 2.0. */
  readonly cookies?: string[]
  readonly body: string
  readonly isBase64Encoded: boolean
}

/**
 * A response in the form that the event's door reads. ALB takes at most 1 MB, and only the header
 * form that it sent: with single values one cookie alone gets through.
 */
export async function resultOf(event: LambdaEvent, response: Response): Promise<LambdaResult> {
  const { status } = response
  const content = contentOf(new Uint8Array(await response.arrayBuffer()))
  const result = { statusCode: status, ...content }
  switch (doorOf(event)) {
    case 'alb': {
      const description = `${status} ${response.statusText}`.trim()
      return { ...result, statusDescription: description, ...headersLike(event, response) }
    }
    case 'payload-1':
      return { ...result, ...headersLike(event, response) }
    case 'payload-2': {
      const headers = Object.fromEntries(linesWithoutCookies(response))
      return { ...result, headers, cookies: response.headers.getSetCookie() }
    }
  }
}

/**
 * Text wherever the octets are UTF-8, which JSON carries unchanged: API Gateway decodes base64 only
 * for media types that its owner named.
 */
function contentOf(
  octets: Uint8Array<ArrayBuffer>,
): Pick<LambdaResult, 'body' | 'isBase64Encoded'> {
  try {
    // The byte order mark belongs to the content.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { body: decoder.decode(octets), isBase64Encoded: false }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { body: toBase64(octets), isBase64Encoded: true }
  }
}

function headersLike(
  { multiValueHeaders }: LambdaEvent,
  response: Response,
): Pick<LambdaResult, 'headers' | 'multiValueHeaders'> {
  const cookies = response.headers.getSetCookie()
  const lines = linesWithoutCookies(response)
  if (multiValueHeaders === undefined || multiValueHeaders === null) {
    const last = cookies.at(-1)
    return {
      headers: Object.fromEntries(last === undefined ? lines : [...lines, ['set-cookie', last]]),
    }
  }
  const many = lines.map(([name, value]): [string, string[]] => [name, [value]])
  return {
    multiValueHeaders: Object.fromEntries(
      cookies.length === 0 ? many : [...many, ['set-cookie', cookies]],
    ),
  }
}

const linesWithoutCookies = ({ headers }: Response): [string, string][] =>
  [...headers].filter(([name]) => name !== 'set-cookie')
