import { err, ok, type Result } from '#shared/result.ts'
import type { HeaderLine } from './alb.ts'
import type { WireFault } from './fault.ts'
import { rfc9440Limits, writeClientCert, writeClientCertChain } from './rfc9440.ts'

/**
 * The header lines of RFC 9440 for a chain: `Client-Cert` of the leaf (2.2) and `Client-Cert-Chain`
 * of what follows it (2.3). No certificate, no header; an empty list is not written either, for
 * Structured Fields know no empty field (RFC 9651 3.1).
 *
 * @param chain DER, leaf first, in the order of TLS
 * @returns the lines, or what the reader of either would refuse
 */
export function writeRfc9440(chain: readonly Uint8Array[]): Result<HeaderLine[], WireFault> {
  const [leaf, ...intermediates] = chain
  if (leaf === undefined) return ok([])
  const { lengthMax, certificatesMax } = rfc9440Limits
  if (intermediates.length > certificatesMax) {
    return err({ at: 0, expected: `at most ${certificatesMax} certificates` })
  }
  const lines: HeaderLine[] = [['Client-Cert', writeClientCert(leaf)]]
  if (intermediates.length > 0) {
    lines.push(['Client-Cert-Chain', writeClientCertChain(intermediates)])
  }
  const fits = lines.every(([, value]) => value.length <= lengthMax)
  return fits ? ok(lines) : err({ at: lengthMax, expected: `at most ${lengthMax} characters` })
}
