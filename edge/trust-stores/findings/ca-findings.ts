import { equalBytes } from '#shared/bytes.ts'
import { isoFromInstant, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames } from '#shared/x509/name.ts'
import type { Finding, Severity } from './finding.ts'
import { nameText } from './name-text.ts'

const dayMs = 24 * 3_600_000

/** New devices take weeks to get, and an anchor into a fleet takes a quarter. */
const caHorizons: readonly { readonly days: number; readonly severity: Severity }[] = [
  { days: 7, severity: 'severe' },
  { days: 30, severity: 'warning' },
  { days: 90, severity: 'notice' },
]

/** The certificates of a store. */
export interface StoreCas {
  readonly anchors: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
}

/** CAs that end within 90, 30 or 7 days, or have ended. */
export function caExpiry({ anchors, intermediates }: StoreCas, now: Instant): readonly Finding[] {
  return [
    ...anchors.flatMap((each) => expiryOf(each, 'anchor', now)),
    ...intermediates.flatMap((each) => expiryOf(each, 'intermediate', now)),
  ]
}

function expiryOf(
  { subject, validity }: Certificate,
  role: 'anchor' | 'intermediate',
  now: Instant,
): Finding | [] {
  const { notAfter } = validity
  const name = nameText(subject)
  const until = isoFromInstant(notAfter)
  const about = { subject: `${role} ${name}, until ${until}`, at: notAfter }
  if (now > notAfter) {
    return {
      ...about,
      code: 'ca_expired',
      severity: role === 'anchor' ? 'warning' : 'severe',
      because: `the ${role} ${name} has ended at ${until}`,
      advice: expiredAdvice[role],
    }
  }
  const horizon = caHorizons.find(({ days }) => notAfter - now <= days * dayMs)
  if (horizon === undefined) return []
  return {
    ...about,
    code: 'ca_near_expiry',
    severity: horizon.severity,
    because: `the ${role} ${name} ends within ${horizon.days} days, at ${until}`,
    advice: `Bring its successor into the store now, beside it, and let devices renew under that before ${until}.`,
  }
}

const expiredAdvice = {
  anchor:
    'An anchor is a name and a key: by default its own dates do not bind, and under ANCHOR_EXPIRY=enforce all of its devices are refused. Replace it, or take it out when its last device is gone.',
  intermediate:
    'All devices below it are refused. Add its successor; devices with certificates of the old one must be enrolled anew.',
} as const

/** Intermediates from which no names and key identifiers lead to an anchor: they let nobody in. */
export function lostIntermediates({ anchors, intermediates }: StoreCas): readonly Finding[] {
  const reached = reachable({ anchors, intermediates })
  return intermediates
    .filter((each) => !reached.has(each))
    .map(({ subject, issuer, validity }) => ({
      code: 'intermediate_without_path',
      severity: 'warning',
      subject: `intermediate ${nameText(subject)}`,
      at: validity.notBefore,
      because: `the intermediate ${nameText(subject)} was issued by ${nameText(issuer)}, and from there no path leads to an anchor of the store`,
      advice: 'Add the anchor (or the intermediate between) to the store, or take this one out.',
    }))
}

/** From the anchors down, a level a round: at most as many rounds as there are intermediates. */
function reachable({ anchors, intermediates }: StoreCas): ReadonlySet<Certificate> {
  const reached = new Set<Certificate>()
  let level: readonly Certificate[] = anchors
  while (level.length > 0) {
    const above = level
    level = intermediates.filter(
      (each) => !reached.has(each) && above.some((ca) => isIssuer(ca, each)),
    )
    for (const each of level) reached.add(each)
  }
  return reached
}

/** RFC 5280 6.1.3 (a)(4) and 4.2.1.1: the names chain, and the key identifiers where both have one. */
function isIssuer(ca: Certificate, { issuer, extensions }: Certificate): boolean {
  if (!equalNames(ca.subject, issuer)) return false
  const [wanted, own] = [extensions.authorityKeyIdentifier, ca.extensions.subjectKeyIdentifier]
  return wanted === undefined || own === undefined || equalBytes(wanted, own)
}
