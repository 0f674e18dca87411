import { toBase64 } from '#shared/bytes.ts'

/** DER between the two lines of RFC 7468, 64 letters a line, no empty line, a line feed at the end. */
export function toPem(label: 'CERTIFICATE' | 'PRIVATE KEY', der: Uint8Array): string {
  // `match` and not a split by length: OpenSSL refuses the empty line that a full last line would leave.
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
