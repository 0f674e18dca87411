import type { Platform, PlatformRequest } from '#edge/platforms/platform.ts'
import { concatBytes, toBase64, type Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const ders: readonly Bytes[] = decoded.ok ? decoded.value : []

export const [leaf = new Uint8Array(), intermediate = new Uint8Array()] = ders

/** SHA-256 of the leaf, as `openssl x509 -fingerprint -sha256` has it. */
export const leafSha256 = '3e2ebbfbd2f822ab5dec017ad34a30d4773227fe9efa2df277cd2db6425e2c4b'

/** The certificates in the spellings of their platforms. */
export const spelt = {
  /** nginx, Application Gateway, Envoy: everything outside unreserved is escaped. */
  leafEscaped: encodeURIComponent(leafPem),
  /** Apache's `escape` and ALB: `+`, `/` and `=` are left. */
  leafHalfEscaped: encodeURIComponent(leafPem).replaceAll(/%2B|%2F|%3D/g, decodeURIComponent),
  chainEscaped: encodeURIComponent(leafPem + intermediatePem),
  leafBase64: toBase64(leaf),
  intermediateBase64: toBase64(intermediate),
  chainBase64: toBase64(concatBytes(leaf, intermediate)),
  leafField: `:${toBase64(leaf)}:`,
  intermediateField: `:${toBase64(intermediate)}:`,
} as const

export const none = { kind: 'none' } as const
export const leafAlone = { kind: 'chain', leaf, intermediates: [] } as const
export const wholeChain = { kind: 'chain', leaf, intermediates: [intermediate] } as const
export const revokedLeaf = { ...leafAlone, platformSaysRevoked: true } as const

export function malformed(field: string, expected: string): Presented {
  return { kind: 'malformed', field, expected }
}

type HeaderLines = Readonly<Record<string, string | readonly string[]>>

/** One request's headers, each value or the lines of it, and what is read of them. */
export interface HeadersCase {
  readonly name: string
  readonly headers: HeaderLines
  readonly presented: Presented
}

/** What a platform reads of headers as the Fetch of the runtime hands them over. */
export async function readOf(platform: Platform, headers: HeaderLines): Promise<Presented> {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((line): [string, string] => [name, line]),
  )
  return platform.read({ headers: new Headers(lines) })
}

export const noHeaders: PlatformRequest['headers'] = { get: () => null }
