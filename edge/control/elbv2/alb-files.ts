import { err, ok, type Result } from '#shared/result.ts'
import type { Bytes } from '#shared/bytes.ts'

/**
 * ALB's rules on a CA bundle file, beyond what PEM asks (Application Load Balancers guide, "Before you
 * begin configuring mutual TLS"): certificates between their fences, one after the other; comment
 * lines begin with `#` and hold no `-`; no blank lines, and no other text.
 *
 * @returns a sentence that names the line at fault otherwise
 */
export function checkAlbBundle(octets: Bytes): Result<void, string> {
  let isInside = false
  for (const [index, line] of linesOf(octets).entries()) {
    const fault = isInside ? undefined : outsideFault(line)
    if (fault !== undefined) return err(`line ${index + 1}: expected ${fault}`)
    if (line === beginCertificate) isInside = true
    else if (line === endCertificate) isInside = false
    else if (isInside && line.trim() === '') {
      return err(`line ${index + 1}: expected no blank line`)
    }
  }
  return ok(undefined)
}

const beginCertificate = '-----BEGIN CERTIFICATE-----'
const endCertificate = '-----END CERTIFICATE-----'

function outsideFault(line: string): string | undefined {
  if (line === beginCertificate) return undefined
  if (line.trim() === '') return 'no blank line'
  if (!line.startsWith('#')) return `${beginCertificate} or a comment that begins with #`
  return line.includes('-') ? 'no - in a comment' : undefined
}

/** A final line end ends the last line, and begins no blank one. */
const linesOf = (octets: Bytes): readonly string[] =>
  new TextDecoder()
    .decode(octets)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)

/**
 * ALB's rules on a revocation file: PEM and not DER (the same page), and one list a file.
 *
 * @returns a sentence otherwise
 */
export function checkAlbRevocationFile(octets: Bytes): Result<void, string> {
  const text = new TextDecoder().decode(octets)
  const count = text.split(beginCrl).length - 1
  if (count === 0) return err('The revocation file is not PEM: it has no BEGIN X509 CRL line')
  if (count > 1) return err('More than one CRL objects in the revocation file')
  return ok(undefined)
}

const beginCrl = '-----BEGIN X509 CRL-----'
