import { createHash } from 'node:crypto'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { isoFromInstant, type Instant } from '#shared/time.ts'
import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { PlayedPlatform } from '../played.ts'
import type { HeaderList } from '../profile.ts'
import { headerPlatform } from './header-platform.ts'
import { parsedLeaf } from './leaf-fields.ts'

/**
 * Google Cloud's Application Load Balancer, custom request headers by the names of its examples. The
 * load balancer fills leaf and chain only where it has validated them; here it has validated
 * everyone, which is the worst case and leaves every decision to the worker. A variable without a
 * value leaves an empty header.
 */
export const googleCloudFront: PlayedPlatform = headerPlatform({
  name: 'google-cloud',
  passes: 'chain',
  headers: ({ chain: [leaf, ...intermediates] }) =>
    leaf === undefined ? absent : present(leaf, intermediates),
})

const absent: HeaderList = [
  ['x-client-cert-present', 'false'],
  ['x-client-cert-chain-verified', 'false'],
  ['x-client-cert-error', 'client_cert_not_provided'],
  ['x-client-cert-sha256-fingerprint', ''],
  ['x-client-cert-leaf', ''],
  ['x-client-cert-chain', ''],
  ...fieldHeaders(undefined),
]

function present(leaf: Bytes, intermediates: readonly Bytes[]): HeaderList {
  return [
    ['x-client-cert-present', 'true'],
    ['x-client-cert-chain-verified', 'true'],
    ['x-client-cert-error', ''],
    ['x-client-cert-sha256-fingerprint', createHash('sha256').update(leaf).digest('base64')],
    ['x-client-cert-leaf', writeClientCert(leaf)],
    ['x-client-cert-chain', writeClientCertChain(intermediates)],
    ...fieldHeaders(parsedLeaf(leaf)),
  ]
}

function fieldHeaders(leaf: Certificate | undefined): HeaderList {
  return [
    ['x-client-cert-valid-not-before', leaf ? rfc3339(leaf.validity.notBefore) : ''],
    ['x-client-cert-valid-not-after', leaf ? rfc3339(leaf.validity.notAfter) : ''],
    ['x-client-cert-issuer-dn', leaf ? toBase64(leaf.issuer) : ''],
    ['x-client-cert-subject-dn', leaf ? toBase64(leaf.subject) : ''],
  ]
}

/** `2026-01-31T12:00:00+00:00` */
function rfc3339(at: Instant): string {
  return isoFromInstant(at).replace('Z', '+00:00')
}
