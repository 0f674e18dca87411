/** What a check of a request, a certificate or a chain found to object to. */
export interface Finding {
  /** Stable: `csr.pop`, `key.weak`, `cert.eku`; checks of a profile begin with its family: `svid.path`. */
  readonly code: string
  readonly severity: Severity
  /** Where: `request.subject.CN`, `chain[1].basicConstraints`. */
  readonly path: string
  readonly found: string
  readonly wanted: string
  /** The document that asks for it: `RFC 7030 4.2.1`. */
  readonly source: string
}

/** `error`: reject it. `warning`: it will hurt. `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info'
