import { isSelfIssued } from '#shared/path/checks/authority.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
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
    // The core trusts an anchor whatever its dates say, and applies its path length.
    enforceExpiry: (value, { time }, store) => value !== true || !hasAnchorOutside(store, time),
    enforceConstraints: (value) => value !== false,
  } satisfies Rows<NonNullable<VerifyCase['anchor']>>,
  algs: {
    minRsaBits: () => true,
    allowSha1: (value) => value !== true,
  } satisfies Rows<NonNullable<VerifyCase['algs']>>,
} as const

/** The settings of a case that this core cannot honour, like `revocation.maxAgeSeconds`, in order. */
export function unsupportedFields(asked: VerifyCase, store: TrustStore): readonly string[] {
  const found = Object.entries(rows).flatMap(([group, ofGroup]) =>
    Object.entries(asked[group as keyof typeof rows] ?? {})
      .filter(([, value]) => value !== undefined && value !== null)
      .filter(([field, value]) => !honours(ofGroup, field, value, { asked, store }))
      .map(([field]) => `${group}.${field}`),
  )
  // The core counts self-issued intermediates as well.
  if (asked.maxDepth !== undefined && hasSelfIssued(asked)) found.unshift('maxDepth')
  return found
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

function crlsOf(store: TrustStore): readonly Crl[] {
  return [...store.crlsByIssuer.values()].flat()
}

function isDelta(crl: Crl): boolean {
  return crl.deltaBase !== undefined
}

function isIndirect(crl: Crl): boolean {
  return crl.scope?.indirect === true
}

function hasAnchorOutside(store: TrustStore, time: number): boolean {
  return [...store.anchorsBySubject.values()].flat().some(({ certificate: { validity } }) => {
    return time < validity.notBefore || time > validity.notAfter
  })
}

function hasSelfIssued({ chain: [, ...pool] }: VerifyCase): boolean {
  return pool.some((der) => {
    const parsed = parseCertificate(der)
    return parsed.ok && isSelfIssued(parsed.value)
  })
}
