import { toHex, type Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { readBase64Der } from '#shared/wire/base64-der.ts'
import { isSha256Of, readSha256 } from '#shared/wire/fingerprint.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { headerOf, malformed } from './reading.ts'

export interface CaddyHeaders {
  /** `header_up X-Tls-Client-Cert {tls_client_certificate_der_base64}` */
  readonly cert: string
  /** `… {tls_client_fingerprint}`: undefined where it is not set. */
  readonly fingerprint: string | undefined
}

/** SHA-256 of no octets at all: what Caddy's placeholder says where no certificate was presented. */
const emptyFingerprint = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The same of Caddy 2.6, which leaves a placeholder standing that has no value. */
const unfilled: ReadonlySet<string> = new Set([
  '{http.request.tls.client.certificate_der_base64}',
  '{http.request.tls.client.fingerprint}',
])

/**
 * Caddy: `header_up` fills the headers named here and overwrites a client's copy. Without a
 * certificate its placeholders speak of an empty one, so the fingerprint is the same for every
 * device that has none: never an identity. It is read to be held against the certificate, which is
 * the only thing believed. Caddy passes the leaf, and no chain.
 */
export function caddyPlatform({ cert, fingerprint }: CaddyHeaders): Platform {
  const names = { cert: cert.toLowerCase(), fingerprint: fingerprint?.toLowerCase() }
  return {
    name: 'caddy',
    ownHeaders: Object.values(names).filter((name) => name !== undefined),
    read: (request) => readCaddy(request, names),
  }
}

async function readCaddy(request: PlatformRequest, names: CaddyHeaders): Promise<Presented> {
  const text = filledHeaderOf(request, names.cert)
  if (text === undefined) return readAbsence(request, names)
  const leaf = readBase64Der(text)
  if (!leaf.ok) return malformed(names.cert, leaf.error.expected)
  const presented = { kind: 'chain', leaf: leaf.value, intermediates: [] } as const
  if (names.fingerprint === undefined) return presented
  const isOfLeaf = await isFingerprint(headerOf(request, names.fingerprint), leaf.value)
  return isOfLeaf ? presented : malformed(names.fingerprint, "the certificate's SHA-256")
}

function filledHeaderOf(request: PlatformRequest, name: string): string | undefined {
  const text = headerOf(request, name)
  return text === undefined || unfilled.has(text) ? undefined : text
}

function readAbsence(request: PlatformRequest, names: CaddyHeaders): Presented {
  if (names.fingerprint === undefined) return { kind: 'none' }
  const read = readSha256(filledHeaderOf(request, names.fingerprint) ?? emptyFingerprint)
  const isEmpty = read.ok && toHex(read.value) === emptyFingerprint
  if (isEmpty) return { kind: 'none' }
  return malformed(names.cert, `the certificate that ${names.fingerprint} speaks of`)
}

async function isFingerprint(text: string | undefined, leaf: Bytes): Promise<boolean> {
  const read = readSha256(text ?? '')
  return read.ok && isSha256Of(read.value, leaf)
}
