import type { Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'

/** What the core's strict parser refuses is still passed on as bytes, with empty fields. */
export function parsedLeaf(der: Bytes): Certificate | undefined {
  const certificate = parseCertificate(der)
  return certificate.ok ? certificate.value : undefined
}

/** A name that cannot be printed is shown as empty: it is for people, never to decide by. */
export function textOf(name: Result<string, DerFault>): string {
  return name.ok ? name.value : ''
}
