import type { CrlFacts } from '#shared/revocation/crl.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { VerifyCase } from './verify-case.ts'

/** Whether the core does what a setting asks for: told from the value, and from the case where that decides. */
type Honours<Value> = (value: Value, asked: VerifyCase, store: TrustStore) => boolean

type Rows<Group> = { readonly [Field in keyof Group & string]?: Honours<Group[Field]> }

/** One row a setting; a setting without a row is honoured by nobody. */
const rows = {
  revocation: {
    mode: () => true,
    unknown: () => true,
    // The core always uses deltas and indirect lists; to forbid it says nothing where there are none.
    useDeltas: (value, _asked, store) => value !== false || !crlsOf(store).some(isDelta),
    indirect: (value, _asked, store) => value !== false || !crlsOf(store).some(isIndirect),
    enforceCrlExpiry: () => true,
    maxAgeSeconds: () => true,
  } satisfies Rows<NonNullable<VerifyCase['revocation']>>,
  policy: {
    initialPolicySet: () => true,
    requireExplicit: () => true,
    inhibitMapping: () => true,
    inhibitAny: () => true,
    // No setting: what an acceptance is expected to say under `policies`.
    expectUserConstrainedPolicySet: () => true,
  } satisfies Rows<NonNullable<VerifyCase['policy']>>,
  anchor: {
    enforceExpiry: () => true,
    enforceConstraints: () => true,
  } satisfies Rows<NonNullable<VerifyCase['anchor']>>,
  algs: {
    minRsaBits: () => true,
    allowSha1: () => true,
  } satisfies Rows<NonNullable<VerifyCase['algs']>>,
} as const

/** The settings of a case that this core cannot honour, like `revocation.ocsp`, in order. */
export function unsupportedFields(asked: VerifyCase, store: TrustStore): readonly string[] {
  return Object.entries(rows).flatMap(([group, ofGroup]) =>
    Object.entries(asked[group as keyof typeof rows] ?? {})
      .filter(([, value]) => value !== undefined && value !== null)
      .filter(([field, value]) => !honours(ofGroup, field, value, { asked, store }))
      .map(([field]) => `${group}.${field}`),
  )
}

function honours(
  ofGroup: object,
  field: string,
  value: unknown,
  { asked, store }: { readonly asked: VerifyCase; readonly store: TrustStore },
): boolean {
  const row = (ofGroup as Readonly<Record<string, Honours<unknown>>>)[field]
  return row?.(value, asked, store) ?? false
}

function crlsOf(store: TrustStore): readonly CrlFacts[] {
  return [...store.crlsByIssuer.values()].flat()
}

function isDelta(crl: CrlFacts): boolean {
  return crl.deltaBase !== undefined
}

function isIndirect(crl: CrlFacts): boolean {
  return crl.scope?.indirect === true
}
