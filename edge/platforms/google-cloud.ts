import type { Presented } from '#shared/verdict/presented.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { headerOf, malformed } from './reading.ts'
import { readRfc9440 } from './rfc9440.ts'

/** Custom request headers of the backend service, and the variable that fills each. */
export interface GoogleCloudHeaders {
  /** `{client_cert_leaf}` */
  readonly leaf: string
  /** `{client_cert_chain}` */
  readonly chain: string
  /** `{client_cert_error}` */
  readonly error: string
}

/** By Google's own examples. */
export const googleCloudHeaders: GoogleCloudHeaders = {
  leaf: 'x-client-cert-leaf',
  chain: 'x-client-cert-chain',
  error: 'x-client-cert-error',
}

/** `{client_cert_present}`, `true` or `false`: looked at where the others say nothing. */
const presentHeader = 'x-client-cert-present'

/** What other variables fill, by the same examples: set by the load balancer, and not read. */
const otherHeaders = [
  'chain-verified',
  'hash',
  'sha256-fingerprint',
  'serial-number',
  'spiffe',
  'spiffe-id',
  'uri-sans',
  'dnsname-sans',
  'valid-not-before',
  'valid-not-after',
  'issuer-dn',
  'subject-dn',
].map((name) => `x-client-cert-${name}`)

/**
 * Google Cloud's Application Load Balancers: leaf and chain by RFC 9440 in custom headers, which
 * overwrite a client's copies. They are filled where the certificate was validated, and never asked
 * for revocation, so all is verified here. Where they are empty the error says why: no certificate
 * is `none`, one beyond the size limits is `withheld`, and one that the load balancer let pass
 * unvalidated (ALLOW_INVALID_OR_MISSING_CLIENT_CERT) is malformed, by the load balancer's own word.
 * Without the error header such a one would look like none, so set `x-client-cert-present` at least.
 */
export function googleCloudPlatform(names: GoogleCloudHeaders = googleCloudHeaders): Platform {
  const lower = {
    leaf: names.leaf.toLowerCase(),
    chain: names.chain.toLowerCase(),
    error: names.error.toLowerCase(),
  }
  return {
    name: 'google-cloud',
    ownHeaders: [...Object.values(lower), presentHeader, ...otherHeaders],
    read: (request) => readGoogleCloud(request, lower),
  }
}

function readGoogleCloud(request: PlatformRequest, names: GoogleCloudHeaders): Presented {
  const errors = (headerOf(request, names.error) ?? '').split(',').filter((word) => word !== '')
  const [first] = errors
  if (first === undefined) return readWithoutError(request, names)
  if (!errors.every((word) => /^client_cert_[a-z0-9_]{1,64}$/.test(word))) {
    return malformed(names.error, 'errors like client_cert_validation_failed')
  }
  if (errors.includes('client_cert_not_provided')) return readAbsence(request, names)
  const what = withheldPart(errors)
  if (what !== undefined) return { kind: 'withheld', what }
  // Errors of parts that are not read (too many names, say) come beside the certificate.
  if (headerOf(request, names.leaf) !== undefined) return readRfc9440(request, names)
  return malformed(names.error, `a certificate that was validated, not ${first}`)
}

/** A certificate that is there, by the load balancer's word, and has no bytes never looks like none. */
function readWithoutError(request: PlatformRequest, names: GoogleCloudHeaders): Presented {
  const presented = readRfc9440(emptyAsMissing(request), names)
  const saysOtherwise = (headerOf(request, presentHeader) ?? 'false') !== 'false'
  if (presented.kind !== 'none' || !saysOtherwise) return presented
  return malformed(names.leaf, `the certificate that ${presentHeader} speaks of`)
}

function readAbsence(request: PlatformRequest, names: GoogleCloudHeaders): Presented {
  const hasBytes = [names.leaf, names.chain].some((name) => headerOf(request, name) !== undefined)
  return hasBytes ? malformed(names.error, 'no such error beside a certificate') : { kind: 'none' }
}

function withheldPart(errors: readonly string[]): 'leaf' | 'chain' | undefined {
  if (errors.includes('client_cert_leaf_exceeded_size_limit')) return 'leaf'
  return errors.includes('client_cert_chain_exceeded_size_limit') ? 'chain' : undefined
}

/** The load balancer sets a header whose variable has no value to nothing. */
function emptyAsMissing(request: PlatformRequest): PlatformRequest {
  return { headers: { get: (name) => headerOf(request, name) ?? null } }
}
