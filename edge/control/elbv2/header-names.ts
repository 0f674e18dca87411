import { albNames, type AlbNames } from '#shared/wire/alb.ts'
import type { RenamedHeaders } from '../listeners.ts'
import { AwsFault, malformed, optionalText, requiredText } from './input.ts'
import type { QueryTree } from './query.ts'

type AlbHeader = keyof AlbNames

/** The eight attributes of a listener that rename a header, by their keys. */
const headerOfAttribute: ReadonlyMap<string, AlbHeader> = new Map([
  ['routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name', 'serialNumber'],
  ['routing.http.request.x_amzn_mtls_clientcert_issuer.header_name', 'issuer'],
  ['routing.http.request.x_amzn_mtls_clientcert_subject.header_name', 'subject'],
  ['routing.http.request.x_amzn_mtls_clientcert_validity.header_name', 'validity'],
  ['routing.http.request.x_amzn_mtls_clientcert_leaf.header_name', 'leaf'],
  ['routing.http.request.x_amzn_mtls_clientcert.header_name', 'chain'],
  ['routing.http.request.x_amzn_tls_version.header_name', 'tlsVersion'],
  ['routing.http.request.x_amzn_tls_cipher_suite.header_name', 'tlsCipherSuite'],
])

/** All eight; a header under its own name has an empty value. */
export function attributesOf(
  renamed: RenamedHeaders,
): readonly { readonly Key: string; readonly Value: string }[] {
  return [...headerOfAttribute].map(([Key, header]) => ({ Key, Value: renamed[header] ?? '' }))
}

/**
 * The renamed headers after the attributes of a request. Throws an AwsFault where one is none of the
 * eight, or where a name is none that a target could rely on.
 */
export function renamedBy(
  attributes: readonly QueryTree[],
  before: RenamedHeaders,
): RenamedHeaders {
  const renamed = new Map(Object.entries(before))
  for (const attribute of attributes) {
    const key = requiredText(attribute, 'Key')
    const header = headerOfAttribute.get(key)
    if (header === undefined) {
      throw new AwsFault(
        'InvalidConfigurationRequest',
        `The attribute '${key}' is not acted upon here: only the eight that rename headers are`,
      )
    }
    const name = optionalText(attribute, 'Value') ?? ''
    if (name === '' || name.toLowerCase() === albNames()[header].toLowerCase())
      renamed.delete(header)
    else renamed.set(header, readName(name, key))
  }
  const names: AlbNames = { ...albNames(), ...Object.fromEntries(renamed) }
  const distinct = new Set(Object.values(names).map((name: string) => name.toLowerCase()))
  if (distinct.size === Object.keys(names).length) return Object.fromEntries(renamed)
  throw new AwsFault('InvalidConfigurationRequest', 'Two headers would have the same name')
}

/** As long as a line in logs and other people's limits bear; ALB's own longest has 36. */
const nameLengthMax = 64

/** Letters, digits and hyphens: an underscore is a hyphen to some servers, and dropped by others. */
function readName(name: string, key: string): string {
  if (name.length > nameLengthMax || !/^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/.test(name)) {
    throw malformed(key, `a header name of at most ${nameLengthMax} letters, digits and hyphens`)
  }
  const lower = name.toLowerCase()
  if (!taken.has(lower) && !takenPrefixes.some((prefix) => lower.startsWith(prefix))) return name
  throw new AwsFault(
    'InvalidConfigurationRequest',
    `The header name '${name}' means something else`,
  )
}

/** What HTTP itself, proxies and applications read: framing, routing and the user's own. */
const taken: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'connection',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'origin',
  'range',
  'referer',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
])

const takenPrefixes = [
  'accept-',
  'access-control-',
  'cf-',
  'content-',
  'if-',
  'proxy-',
  'sec-',
  'x-amz-',
  'x-amzn-trace-id',
  'x-forwarded-',
  'x-real-ip',
  'x-sallyport-',
]
