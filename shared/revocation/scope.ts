import { toHex, type Bytes } from '#shared/bytes.ts'
import { equalNames, nameKey } from '#shared/x509/name.ts'
import type { Certificate, Extensions } from '#shared/x509/certificate.ts'
import type { DistributionPoint } from '#shared/x509/distribution-points.ts'
import type { CrlFacts, CrlHeader } from './crl.ts'
import type { CrlScope } from './issuing-distribution-point.ts'
import { directoryKey, directoryName, generalNameKeys, pointNameKeys } from './point-names.ts'
import { allReasons, reasonMask, type ReasonMask } from './reasons.ts'

/** What is asked of CRLs about one certificate. */
export interface RevocationQuestion {
  /** Content octets of the serial INTEGER. */
  readonly serial: Bytes
  /** Name of the certificate's issuer. */
  readonly issuer: Bytes
  readonly isCa: boolean
  /** Looked at for lists of a scope alone. */
  readonly extensions: Pick<Extensions, 'crlDistributionPoints'>
}

/**
 * What is asked of lists about a certificate: its serial, its issuer, its kind and its distribution points.
 *
 * @param issuer the same name, from wherever it is at hand in the very octets that lists are compared by
 */
export function questionOf(
  { serial, issuer: named, extensions }: Certificate,
  issuer: Bytes = named,
): RevocationQuestion {
  const isCa = extensions.basicConstraints?.ca === true
  return { serial, issuer, isCa, extensions }
}

const none: readonly DistributionPoint[] = []

/**
 * The reasons for which a CRL answers a question: 0 where it does not answer at all. Asked for each
 * distribution point of the certificate, and then as RFC 5280 6.3.3 has it for lists that no point
 * names: as if a point without reasons and cRLIssuer bore the name of the certificate's issuer.
 */
export function reasonsAnswered(crl: CrlFacts, question: RevocationQuestion): ReasonMask {
  // A list of everything of the certificate's own issuer: that last point alone covers all reasons.
  if (crl.scope === undefined && equalNames(crl.issuer, question.issuer)) return allReasons
  const points = question.extensions.crlDistributionPoints ?? none
  return [...points, undefined].reduce(
    (mask, point) => mask | reasonsAtPoint(crl, question, point),
    0,
  )
}

function reasonsAtPoint(
  crl: CrlFacts,
  question: RevocationQuestion,
  point: DistributionPoint | undefined,
): ReasonMask {
  if (!isOfPointIssuer(crl, question, point)) return 0
  const { scope } = crl
  if (scope === undefined) return reasonMask(point?.reasons)
  if (!coversKind(scope, question.isCa) || !matchesName(crl, scope, question, point)) return 0
  // RFC 5280 6.3.3 (d): the interim reasons mask.
  return reasonMask(point?.reasons) & reasonMask(scope.reasons)
}

/** RFC 5280 6.3.3 (b)(1): whose list it is; another issuer's only where both sides say so. */
function isOfPointIssuer(
  crl: CrlFacts,
  { issuer }: RevocationQuestion,
  point: DistributionPoint | undefined,
): boolean {
  if (point?.crlIssuers === undefined) return equalNames(crl.issuer, issuer)
  const named = generalNameKeys(point.crlIssuers).includes(directoryKey(crl.issuer))
  return named && crl.scope?.indirect === true
}

/** RFC 5280 6.3.3 (b)(2)(ii) to (iv). */
function coversKind({ only }: CrlScope, isCa: boolean): boolean {
  if (only === undefined) return true
  return only === (isCa ? 'ca' : 'user')
}

/** RFC 5280 6.3.3 (b)(2)(i): one name of the list's point is one of the certificate's point. */
function matchesName(
  crl: CrlFacts,
  scope: CrlScope,
  { issuer }: RevocationQuestion,
  point: DistributionPoint | undefined,
): boolean {
  if (scope.name === undefined) return true
  const offered = pointNameKeys(scope.name, crl.issuer)
  return namesOfPoint(point, issuer).some((key) => offered.includes(key))
}

function namesOfPoint(point: DistributionPoint | undefined, issuer: Bytes): readonly string[] {
  if (point === undefined) return [directoryKey(issuer)]
  const { name, crlIssuers = [] } = point
  if (name === undefined) return generalNameKeys(crlIssuers)
  const [signer = issuer] = crlIssuers.flatMap((each) => directoryName(each) ?? [])
  return pointNameKeys(name, signer)
}

/** Whether two lists divide their issuer's certificates alike (RFC 5280 5.2.4 and 6.3.3 (c)(2)). */
export function scopeKey({ issuer, scope }: CrlHeader): string {
  return `${nameKey(issuer)} ${scope === undefined ? 'all' : toHex(scope.der)}`
}
