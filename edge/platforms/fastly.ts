import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { chainOf, isFields, malformed } from './reading.ts'

const field = 'client.tlsClientCertificate'

/** First octet of a DER SEQUENCE, and of no PEM text. */
const sequenceTag = 0x30

/** Fastly passes at most 4 KiB of a certificate in VCL; twice that is more than its Base64 can be. */
const octetsMax = 8 * 1024

/**
 * Fastly Compute: `event.client`, out of reach of the client; `connection` is that object. Its
 * `tlsClientCertificate` holds the raw leaf, without a chain; that it is PEM or DER is documented
 * nowhere that could be read, so both are, told apart by the first octet. Fastly's own verification
 * result is not read: all is verified here.
 */
export function fastlyPlatform(): Platform {
  return { name: 'fastly', ownHeaders: [], read: readFastly }
}

function readFastly({ connection }: PlatformRequest): Presented {
  if (!isFields(connection)) return malformed('client', 'an object')
  const raw = connection['tlsClientCertificate']
  if (raw === undefined || raw === null) return { kind: 'none' }
  if (!(raw instanceof ArrayBuffer)) return malformed(field, 'an ArrayBuffer')
  if (raw.byteLength === 0) return { kind: 'none' }
  if (raw.byteLength > octetsMax) return malformed(field, `at most ${octetsMax} octets`)
  const octets = new Uint8Array(raw)
  return octets[0] === sequenceTag ? chainOf([octets]) : readPem(octets)
}

function readPem(octets: Bytes): Presented {
  // As Latin-1, which loses nothing: what is no PEM is refused for what it is.
  const text = Array.from(octets, (octet) => String.fromCharCode(octet)).join('')
  const ders = decodePem(text, 'CERTIFICATE')
  return ders.ok ? chainOf(ders.value) : malformed(field, ders.error.expected)
}
