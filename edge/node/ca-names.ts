import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'

/** Octets of all names together: ALB's quota, "CA certificates subject size per trust store". */
const namesOctetsMax = 10_000

/** How many octets the names have where they are too many. */
export interface TooManyNames {
  readonly octets: number
  readonly octetsMax: number
}

/**
 * The subjects of a trust store, DER, each once: what a server may say in its CertificateRequest
 * (RFC 8446 4.2.4, RFC 5246 7.4.4). Intermediates too, since a device that holds two certificates
 * may know no more of either than who issued it.
 */
export function caNamesOf(store: TrustStore): Result<readonly Bytes[], TooManyNames> {
  const anchors = [...store.anchorsBySubject.values()].flat()
  const intermediates = [...store.intermediatesBySubject.values()].flat()
  const names = new Map<string, Bytes>()
  for (const { subject } of [...anchors, ...intermediates]) {
    names.set(Buffer.from(subject).toString('latin1'), subject)
  }
  const octets = [...names.values()].reduce((total, name) => total + name.length, 0)
  if (octets > namesOctetsMax) return err({ octets, octetsMax: namesOctetsMax })
  return ok([...names.values()])
}

/**
 * A certificate that is a name and nothing else, PEM. Node advertises the subjects of its `ca`, and
 * would trust them too: it would then verify every chain by itself, lose intermediates (Node 24.21,
 * nodejs/node#65579) and send authorities of the devices beside the server's own certificate. The
 * key of this one is of X25519, which no signature fits: OpenSSL never takes it for an issuer, and
 * spends no signature on it. A key that it could not read would not do: that error stays in its
 * queue and ends the connection (seen with Node 24.20 and TLS 1.2).
 */
export function nameOnlyCertificate(subject: Uint8Array): string {
  const moment = element(0x17, new TextEncoder().encode('700101000000Z'))
  const key = element(0x03, new Uint8Array(1 + keyOctets))
  const toBeSigned = element(
    0x30,
    element(0x02, Uint8Array.of(0x01)),
    ed25519,
    subject,
    element(0x30, moment, moment),
    subject,
    element(0x30, x25519, key),
  )
  const signature = element(0x03, Uint8Array.of(0x00))
  const base64 = Buffer.from(element(0x30, toBeSigned, ed25519, signature)).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** RFC 8410 3: the algorithms 1.3.101.110 and 1.3.101.112, without parameters. */
const x25519 = Uint8Array.of(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e)
const ed25519 = Uint8Array.of(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70)

/** RFC 7748 5. */
const keyOctets = 32

/** X.690 8.1: tag, length in as few octets as it takes, contents. */
function element(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const content = concatBytes(...contents)
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(content.length)), content)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >>> 8, length & 0xff]
  return [0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff]
}
