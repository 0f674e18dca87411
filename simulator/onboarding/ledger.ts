import { isoFromInstant, type Instant } from '#shared/time.ts'
import type { Operation } from './door.ts'
import type { EventKind } from './plan.ts'

/** A certificate as the world's CA signed it. Digests are SHA-256, hex. */
export interface SignedFacts {
  readonly requestSha256: string
  readonly keySha256: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** A certificate as it came to a device. */
export interface Received {
  readonly device: string
  readonly operation: Operation
  readonly requestSha256: string
  /** Of the key that was asked with. */
  readonly keySha256: string
  readonly certificateSha256: string
  readonly at: Instant
}

/** What a rule was broken by. */
export interface Violation {
  readonly rule: Rule
  readonly device: string
  readonly detail: string
}

export type Rule =
  | 'one_request_one_certificate'
  | 'one_live_certificate_per_key'
  | 'certificate_of_the_ca'
  | 'certificate_of_the_key'
  | 'service_without_gap'
  | 'good_request_served'
  | 'hostile_request_refused'

/**
 * The world's own word on who got what: from what the CA signed, and what devices hold. It shares no
 * code with the registry and never asks it.
 */
export interface Ledger {
  /** The CA signed a certificate. */
  signed(certificateSha256: string, facts: SignedFacts): void
  /**
   * One left the edge, whether or not it arrived.
   *
   * @returns the CA's facts of it; undefined where the CA knows of none
   */
  handedOut(received: Received): SignedFacts | undefined
  /** The device has taken one that ends then into use. */
  serves(device: string, at: Instant, notAfter: Instant): void
  /** From here on the device is to have service until `until`, or its owner has given that up. */
  expectService(device: string, until: Instant): void
  excuse(device: string): void
  violation(violation: Violation): void
  happened(kind: EventKind): void
  /** Ends the run: whose service ends before it was to, lost it. */
  close(): LedgerTotals
}

export interface LedgerTotals {
  readonly signed: number
  readonly events: Readonly<Partial<Record<EventKind, number>>>
  /** All of them counted, the first told. */
  readonly violations: Readonly<Partial<Record<Rule, number>>>
  readonly told: readonly Violation[]
  /** Devices whose certificate ended before they got the next. */
  readonly lostService: number
}

/** Violations that are told in full: a screen of them. */
const toldMax = 20

interface Service {
  servedUntil: Instant | undefined
  expectedUntil: Instant | undefined
  isLost: boolean
}

/** @param isOutageSafe a gap in service is then a violation; else it is counted alone */
export function createLedger({ isOutageSafe }: { readonly isOutageSafe: boolean }): Ledger {
  const bySignature = new Map<string, SignedFacts>()
  const byRequest = new Map<string, string>()
  const byKey = new Map<string, Set<string>>()
  const services = new Map<string, Service>()
  const tally = createTally()
  const serviceOf = (device: string): Service => {
    const there = services.get(device)
    if (there !== undefined) return there
    const made = { servedUntil: undefined, expectedUntil: undefined, isLost: false }
    services.set(device, made)
    return made
  }
  const lose = (device: string, service: Service, needed: Instant): void => {
    service.isLost = true
    if (!isOutageSafe) return
    const detail = `its certificate ended at ${isoFromInstant(service.servedUntil ?? needed)}, and service was due until ${isoFromInstant(needed)}`
    tally.violation({ rule: 'service_without_gap', device, detail })
  }
  return {
    signed: (certificate, facts) => void bySignature.set(certificate, facts),
    handedOut(received) {
      const facts = bySignature.get(received.certificateSha256)
      if (facts === undefined) {
        const detail = `the CA never signed ${received.certificateSha256}`
        tally.violation({ rule: 'certificate_of_the_ca', device: received.device, detail })
        return undefined
      }
      for (const broken of brokenBy(received, facts, { bySignature, byRequest, byKey })) {
        tally.violation({ ...broken, device: received.device })
      }
      remember(received, facts, { byRequest, byKey })
      return facts
    },
    serves(device, at, notAfter) {
      const service = serviceOf(device)
      const { servedUntil, expectedUntil } = service
      if (servedUntil !== undefined && expectedUntil !== undefined && servedUntil < at) {
        lose(device, service, at)
      }
      service.servedUntil = notAfter
    },
    expectService(device, until) {
      serviceOf(device).expectedUntil = until
    },
    excuse(device) {
      const service = serviceOf(device)
      service.expectedUntil = undefined
      service.servedUntil = undefined
    },
    violation: (violation) => tally.violation(violation),
    happened: (kind) => tally.happened(kind),
    close() {
      for (const [device, service] of services) {
        const { servedUntil, expectedUntil, isLost } = service
        const isShort = expectedUntil !== undefined && (servedUntil ?? 0) < expectedUntil
        if (isShort && !isLost) lose(device, service, expectedUntil)
      }
      const lostService = [...services.values()].filter(({ isLost }) => isLost).length
      return { signed: bySignature.size, lostService, ...tally.totals() }
    },
  }
}

interface Known {
  readonly bySignature: ReadonlyMap<string, SignedFacts>
  readonly byRequest: Map<string, string>
  readonly byKey: Map<string, Set<string>>
}

/** What a certificate that comes to a device must not be. */
function brokenBy(
  { requestSha256, keySha256, certificateSha256, operation, at }: Received,
  facts: SignedFacts,
  { bySignature, byRequest, byKey }: Known,
): readonly Omit<Violation, 'device'>[] {
  const broken: Omit<Violation, 'device'>[] = []
  const first = byRequest.get(requestSha256)
  if (first !== undefined && first !== certificateSha256) {
    const detail = `the request ${requestSha256} got ${first} and ${certificateSha256}`
    broken.push({ rule: 'one_request_one_certificate', detail })
  }
  const ofKey = [...(byKey.get(facts.keySha256) ?? [])].filter((each) => each !== certificateSha256)
  const live = ofKey.find((each) => (bySignature.get(each)?.notAfter ?? 0) > at)
  if (live !== undefined && operation === 'simpleenroll') {
    const detail = `the key ${facts.keySha256} has ${live}, which is good, and got ${certificateSha256}`
    broken.push({ rule: 'one_live_certificate_per_key', detail })
  }
  if (facts.keySha256 !== keySha256) {
    const detail = `${certificateSha256} is for the key ${facts.keySha256}, and ${keySha256} asked`
    broken.push({ rule: 'certificate_of_the_key', detail })
  }
  return broken
}

function remember(
  { requestSha256, certificateSha256 }: Received,
  { keySha256 }: SignedFacts,
  { byRequest, byKey }: Pick<Known, 'byRequest' | 'byKey'>,
): void {
  if (!byRequest.has(requestSha256)) byRequest.set(requestSha256, certificateSha256)
  const ofKey = byKey.get(keySha256) ?? new Set()
  ofKey.add(certificateSha256)
  byKey.set(keySha256, ofKey)
}

function createTally() {
  const events: Partial<Record<EventKind, number>> = {}
  const violations: Partial<Record<Rule, number>> = {}
  const told: Violation[] = []
  return {
    happened(kind: EventKind): void {
      events[kind] = (events[kind] ?? 0) + 1
    },
    violation(violation: Violation): void {
      violations[violation.rule] = (violations[violation.rule] ?? 0) + 1
      if (told.length < toldMax) told.push(violation)
    },
    totals: () => ({ events, violations, told }),
  }
}
