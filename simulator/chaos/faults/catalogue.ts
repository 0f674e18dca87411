import type { Stage } from '../stage.ts'
import type { WorldCa } from '../../onboarding/authorities.ts'
import { cookieAlone, cookieCopied, cookieOfRevoked } from './cookies.ts'
import { caDown, caHerd } from './enrolment/ca-away.ts'
import { caSlow } from './enrolment/ca-slow.ts'
import { claimReplayed } from './enrolment/claims.ts'
import { clocksWrong } from './enrolment/clocks.ts'
import { requestsHostile } from './enrolment/hostile.ts'
import { keyCloned } from './enrolment/keys.ts'
import { entryPruned, expiredReturns } from './enrolment/returning.ts'
import { bundleEmpty, nextCas, rootRollover } from './enrolment/rollover.ts'
import type { EnrolmentStage } from './enrolment/stage.ts'
import { renewalTorn } from './enrolment/torn.ts'
import { trustDomainConfused } from './enrolment/trust-domain.ts'
import { expiredWhileConnected } from './expired.ts'
import {
  intermediateRevoked,
  listDamaged,
  listEmptied,
  listEnds,
  listForged,
  listMissing,
  listRolledBack,
  listsOfOneInstant,
  numbersRestart,
} from './lists.ts'
import { revokedWhileConnected } from './revoked.ts'
import { headersSpoofed } from './spoofed.ts'

/** Where a fault is played. */
export type Played =
  /** Before a running gateway, by `sallyport chaos run`. `cookies`: one that gives session cookies. */
  | {
      readonly by: 'gateway'
      readonly of: 'any' | 'cookies' | 'https'
      readonly run: (stage: Stage) => Promise<void>
    }
  /** By tests of the project, which need hands on the control plane or on the core. */
  | { readonly by: 'test'; readonly file: string }
  /** By a scenario of a fleet: it takes a CA, a clock or many devices. */
  | { readonly by: 'scenario'; readonly what: string }
  /** Before our EST server and its registry, over TLS, by `sallyport chaos run` too. */
  | {
      readonly by: 'enrolment'
      readonly run: (stage: EnrolmentStage) => Promise<void>
      /** What the server's `cacerts` hands out beside the fleet's CA, PEM. */
      readonly furtherCas?: (seed: number, fleet: WorldCa) => string
    }
  /** Not by anything here. */
  | { readonly by: 'nothing'; readonly why: string }

export interface Fault {
  /** Of the project's list of forty. */
  readonly id: `C${number}`
  readonly name: string
  /** What is done to the world. */
  readonly fault: string
  /** What has to hold nevertheless. */
  readonly invariant: string
  readonly played: readonly Played[]
}

const gateway = (
  run: (stage: Stage) => Promise<void>,
  of: 'any' | 'cookies' | 'https' = 'any',
): Played => ({ by: 'gateway', of, run })
const test = (file: string): Played => ({ by: 'test', file })
const scenario = (what: string): Played => ({ by: 'scenario', what })
const enrolment = (run: (stage: EnrolmentStage) => Promise<void>): Played => ({
  by: 'enrolment',
  run,
})
const stores = test('test/chaos/trust-stores.test.ts')

type Row = readonly [Fault['id'], string, string, string, ...played: readonly Played[]]

const rows: readonly Row[] = [
  [
    'C1',
    'revoked-held',
    'a device is revoked while it holds a line',
    'the next request is refused',
    gateway((stage) => revokedWhileConnected(stage, ['full', 'held'])),
  ],
  [
    'C2',
    'revoked-resumed',
    'a revoked device resumes its TLS session',
    'it is refused',
    gateway((stage) => revokedWhileConnected(stage, ['full', 'resumed'])),
  ],
  [
    'C3',
    'cookie-replayed',
    'a session cookie of before the revocation comes back',
    'revocation is asked at every request',
    gateway(cookieOfRevoked, 'cookies'),
  ],
  [
    'C4',
    'cookie-copied',
    "a cookie comes with another device's certificate",
    'a cookie is bound to its certificate',
    gateway(cookieCopied, 'cookies'),
  ],
  [
    'C5',
    'cookie-alone',
    'a cookie comes without a certificate',
    'a cookie alone is nobody',
    gateway(cookieAlone, 'cookies'),
  ],
  [
    'C6',
    'list-ends',
    'the publisher is late, the list has ended',
    'the healthy come in through the grace, the revoked stay out',
    gateway(listEnds),
  ],
  [
    'C7',
    'list-damaged',
    'an error page in place of the list',
    'the last good list stays in force',
    gateway(listDamaged),
  ],
  [
    'C8',
    'list-missing',
    'the list is not there any more',
    'never treated as an empty list',
    gateway(listMissing),
  ],
  [
    'C9',
    'list-rolled-back',
    'an older signed list is replayed',
    'never act on older evidence',
    gateway(listRolledBack),
  ],
  [
    'C10',
    'numbers-restart',
    'CRL numbers begin again at 1',
    'refused until an operator says so',
    gateway(numbersRestart),
  ],
  [
    'C11',
    'lists-of-one-instant',
    'two lists of one instant, other numbers',
    'the higher number wins',
    gateway(listsOfOneInstant),
  ],
  ['C12', 'delta-without-base', 'a delta whose base is not held', 'it says nothing', stores],
  ['C13', 'delta-early', 'a delta before its base, answers out of order', 'monotonic', stores],
  ['C14', 'shard-mixed-up', 'a list of another shard', 'clears nobody, others unaffected', stores],
  [
    'C15',
    'mass-revocation',
    'fifty thousand are revoked at once',
    'the revoked are out, the healthy in',
    stores,
  ],
  [
    'C16',
    'list-emptied',
    'an empty list by mistake',
    'the shrink guard holds the old list',
    gateway(listEmptied),
  ],
  [
    'C17',
    'list-forged',
    'a list of the right name and another key',
    'refused, the list before stays',
    gateway(listForged),
  ],
  [
    'C18',
    'intermediate-revoked',
    'the root revokes the issuing CA',
    'all of its devices are out',
    gateway(intermediateRevoked),
  ],
  ['C19', 'intermediate-ends', 'an intermediate expires', 'expired, at its place', stores],
  [
    'C20',
    'cross-sign-ends',
    'a cross-signed root expires',
    'another path is found',
    test('test/shared/path/build.test.ts'),
  ],
  [
    'C21',
    'expired-returns',
    'a certificate ends while its device is away or holds a line',
    'refused in every way it comes',
    gateway(expiredWhileConnected),
    enrolment(expiredReturns),
  ],
  [
    'C22',
    'pruned-entry',
    'a device is revoked, its certificate ends, its entry leaves the list',
    'it does not renew',
    enrolment(entryPruned),
  ],
  [
    'C23',
    'clock-skew',
    'clocks of devices and of the verifier are wrong',
    'not_yet_valid is not untrusted',
    enrolment(clocksWrong),
    scenario('the clock skew of a fleet'),
  ],
  [
    'C24',
    'ca-down',
    'the CA is down',
    'no certificate ends',
    enrolment(caDown),
    scenario('simulator/scenarios/istio-ca-outage.yaml'),
  ],
  [
    'C25',
    'ca-herd',
    'the CA is back, all come at once',
    'back-off',
    enrolment(caHerd),
    scenario('simulator/scenarios/enrolment-storm.yaml'),
  ],
  [
    'C26',
    'ca-slow',
    'the CA answers 202, 503 or late',
    'one CSR, one certificate',
    enrolment(caSlow),
  ],
  [
    'C27',
    'claim-replayed',
    'a claim is replayed or leaked',
    'once, with a quota',
    enrolment(claimReplayed),
  ],
  ['C28', 'key-cloned', 'one key, two devices', 'flagged, refused', enrolment(keyCloned)],
  ['C29', 'csr-hostile', 'a CSR that asks for more', 'refused by code', enrolment(requestsHostile)],
  [
    'C30',
    'renewal-torn',
    'a crash between key and certificate',
    'the old one lasts',
    enrolment(renewalTorn),
  ],
  [
    'C31',
    'root-rollover',
    'roots are rolled over',
    'no healthy device is refused',
    { by: 'enrolment', run: rootRollover, furtherCas: nextCas },
    stores,
  ],
  [
    'C32',
    'bundle-empty',
    'an empty bundle, or none',
    'empty is refused, none keeps',
    enrolment(bundleEmpty),
    stores,
  ],
  [
    'C33',
    'trust-domain',
    'a certificate of domain B under the root of A',
    'denied',
    enrolment(trustDomainConfused),
  ],
  [
    'C34',
    'ocsp-slow',
    'an OCSP responder is slow or wrong',
    'the way of a request never waits for it',
    { by: 'nothing', why: 'no responder is ever asked: revocation is decided by lists alone' },
  ],
  [
    'C35',
    'headers-spoofed',
    'a client writes the headers of a terminator',
    'they are worth nothing',
    gateway(headersSpoofed, 'https'),
  ],
  [
    'C36',
    'revoked-success',
    'certRevoked beside certVerified SUCCESS',
    'denied',
    test('test/edge/platforms/cloudflare.test.ts'),
  ],
  [
    'C37',
    'serials',
    'serials in odd encodings, and one of two issuers',
    'by issuer key and number',
    test('test/shared/revocation/namesakes.test.ts'),
  ],
  ['C38', 'keys-rotated', 'half of the workers have a new key', 'verified anew, no 5xx', stores],
  [
    'C39',
    'identity-cache',
    'an identity cache is frozen while addresses are reused',
    'nobody is taken for another',
    scenario('simulator/scenarios/identity-cache.yaml'),
  ],
  ['C40', 'regions-split', 'revoked here, asked there', 'whoever asks next is told', stores],
]

/** The forty faults of revocation and onboarding, in order. */
export const faults: readonly Fault[] = rows.map(([id, name, fault, invariant, ...played]) => ({
  id,
  name,
  fault,
  invariant,
  played,
}))

/** By number, in any case, or by name. */
export function faultOf(text: string): Fault | undefined {
  return faults.find(({ id, name }) => id === text.toUpperCase() || name === text)
}
