import { constants } from 'node:crypto'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import type { Bytes } from '#shared/bytes.ts'
import { nameOnlyCertificate } from './ca-names.ts'
import { tlsPolicySettings, type TlsPolicyName } from './tls-policies.ts'

/** How the server ends mutual TLS by itself. */
export interface NodeTls {
  /** PEM, PKCS#8 or older. */
  readonly keyPem: string
  /** PEM: the server's certificate, then its intermediates. */
  readonly certPem: string
  /**
   * `never` (the default): every handshake is a full one. `allowed`: TLS tickets save devices
   * handshakes; they bring the leaf alone, so the trust store must hold the intermediates. Revocation
   * is asked at every request either way.
   */
  readonly resumption?: 'never' | 'allowed'
  /** Versions, suites and curves; without one Node's own from TLS 1.2 on. */
  readonly policy?: TlsPolicyName
  /** Names of authorities that clients are told, DER: ALB's AdvertiseTrustStoreCaNames. */
  readonly caNames?: readonly Bytes[]
}

/** What stays as it is while a server runs. */
export const serverOptions: TlsOptions = {
  requestCert: true,
  // Node's verdict is not used: any certificate may be sent, and the app says what it is worth.
  rejectUnauthorized: false,
  handshakeTimeout: 30_000,
}

/**
 * What can be put in another's place under new handshakes. No authority of Node's own, but names
 * where they are advertised. A renegotiation could change the certificate under a connection whose
 * chain has been read.
 *
 * Throws an Error where certificate and key cannot be used, or do not belong together.
 *
 * @param ticketKeys 48 octets: those of the server for as long as it runs, so that a new certificate
 *   costs no device its ticket
 */
export function contextOptions(tls: NodeTls, ticketKeys: Buffer): SecureContextOptions {
  const tickets = tls.resumption === 'allowed' ? 0 : constants.SSL_OP_NO_TICKET
  const options: SecureContextOptions = {
    key: tls.keyPem,
    cert: tls.certPem,
    ca: (tls.caNames ?? []).map(nameOnlyCertificate),
    minVersion: 'TLSv1.2',
    ...(tls.policy !== undefined && tlsPolicySettings(tls.policy)),
    honorCipherOrder: true,
    secureOptions: tickets | constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys,
  }
  try {
    createSecureContext(options)
  } catch (cause) {
    // OpenSSL's sentence says which of the two it is, and repeats neither.
    throw new Error(`the certificate and its key cannot be used: ${String(cause)}`, { cause })
  }
  return options
}
