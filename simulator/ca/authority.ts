import { toHex, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { hash32, stream } from '#simulator/random.ts'
import { createCrl, type CrlEntry, type RevocationReason } from './crl.ts'
import {
  createHierarchy,
  crossCertify,
  type Ca,
  type Hierarchy,
  type HierarchyOptions,
} from './hierarchy.ts'
import { derivedCaKeys, derivedLeaves, type MakeLeaf } from './identity.ts'
import { serialFrom, serialText } from './identifiers.ts'
import { createLeaf, type KeyAndLeaf } from './leaf.ts'
import type { Ledger } from './ledger.ts'
import { partitionOf } from './partition.ts'
import { toPem } from './pem.ts'

/** What a device needs to show who it is. */
export interface DeviceCredential {
  /** Upper-case hexadecimal, whole bytes. */
  readonly serial: string
  /** Name of the issuing authority. */
  readonly issuer: string
  /** PKCS#8. */
  readonly keyPem: string
  /** Leaf, then its intermediate. */
  readonly chainPem: string
  readonly leafDer: Bytes
  readonly intermediateDer: Bytes
  /** Whole seconds, as in the certificate. */
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export interface IssueRequest {
  readonly device: string
  readonly kind: string
  /** Cut to the whole second, as X.509 knows time. */
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** When this happens: may lie after `notBefore`. */
  readonly at: Instant
  /** What it is for (RFC 5280 4.2.1.12); to be a client, unless given. */
  readonly purpose?: 'server'
}

/** A certificate that only looks like one of the fleet. */
export interface ForgeRequest {
  readonly device: string
  readonly kind: string
  /** Serial of the certificate that is imitated. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export interface PublishedCrl {
  readonly issuer: string
  /** File name, like `issuing-1.crl`, or `issuing-1.3.crl` where it has several. */
  readonly name: string
  readonly der: Bytes
}

/** The certification authority of the simulated world. It writes what it does into the ledger. */
export interface Authority {
  readonly anchorsPem: string
  readonly intermediatesPem: string
  /** A new key and certificate. The serial depends on the seed, the device and how many it had before. */
  issue(request: IssueRequest): Promise<DeviceCredential>
  /** Revokes an issued certificate; nothing when it is revoked already. It shows in the next CRLs. */
  revoke(serial: string, at: Instant, reason: RevocationReason): void
  /** New CRLs of every authority. Once they are in the bucket, the caller tells the ledger so. */
  crls(at: Instant, nextUpdateMs: number): Promise<readonly PublishedCrl[]>
  /** The same as deltas over the last complete ones; throws a RangeError before there were any. */
  deltaCrls(at: Instant, nextUpdateMs: number): Promise<readonly PublishedCrl[]>
  /** A chain with all names, serials and key identifiers of a real one, but with other keys. */
  forge(request: ForgeRequest): Promise<DeviceCredential>
  /** A certificate of an issuing CA's own name and key that has ended long since, in DER. */
  endedIntermediate(issuer: string): Promise<Bytes>
  readonly state: AuthorityState
}

/** All that an authority remembers: what `saveAuthority` writes. */
export interface AuthorityState {
  readonly options: HierarchyOptions
  /** Changes when an authority gets another certificate (`hierarchy-events.ts`). */
  hierarchy: Hierarchy
  /** Certificates issued so far, by device. */
  readonly issued: Map<string, number>
  /** Revocations so far, by issuer name. */
  readonly revoked: Map<string, CrlEntry[]>
  crlNumber: number
}

/** A new authority with new keys. Everything but the keys and signatures comes from the seed. */
export async function createAuthority(
  options: HierarchyOptions & { readonly ledger: Ledger },
): Promise<Authority> {
  const { ledger, ...hierarchyOptions } = options
  const hierarchy = await createHierarchy(hierarchyOptions)
  const fresh = { issued: new Map(), revoked: new Map(), crlNumber: 0 }
  return authorityFrom({ options: hierarchyOptions, hierarchy, ...fresh }, ledger)
}

/**
 * An authority whose keys and whose devices' keys are all derived from the seed: nothing of it needs
 * to be stored, and every process makes the same one.
 */
export async function createDerivedAuthority(
  options: HierarchyOptions & { readonly ledger: Ledger },
): Promise<Authority> {
  const { ledger, ...hierarchyOptions } = options
  const { seed } = hierarchyOptions
  const hierarchy = await createHierarchy(
    hierarchyOptions,
    undefined,
    derivedCaKeys(seed, 'authority'),
  )
  const fresh = { issued: new Map(), revoked: new Map(), crlNumber: 0 }
  const state = { options: hierarchyOptions, hierarchy, ...fresh }
  return authorityFrom(state, ledger, derivedLeaves(seed, 'leaf'))
}

/**
 * An authority that goes on from `state`.
 *
 * @param makeLeaf how it makes leaves: with new keys unless given
 */
export function authorityFrom(
  state: AuthorityState,
  ledger: Ledger,
  makeLeaf: typeof createLeaf | MakeLeaf = createLeaf,
): Authority {
  const { root } = state.hierarchy
  let rogue: Promise<Hierarchy> | undefined
  let base: Base | undefined
  return {
    anchorsPem: toPem('CERTIFICATE', root.der),
    get intermediatesPem() {
      return state.hierarchy.intermediates.map(({ der }) => toPem('CERTIFICATE', der)).join('')
    },
    issue: (request) => issue(state, ledger, request, makeLeaf),
    revoke: (serial, at, reason) => revoke(state, ledger, { serial, at, reason }),
    crls: async (at, nextUpdateMs) => {
      const published = publish(state, at, nextUpdateMs)
      base = baseOf(state)
      return published
    },
    deltaCrls: async (at, nextUpdateMs) => {
      if (base === undefined) throw new RangeError('a delta needs a complete list before it')
      return publish(state, at, nextUpdateMs, base)
    },
    forge: async (request) => {
      rogue ??= createHierarchy(state.options, state.hierarchy)
      return forge(await rogue, request)
    },
    endedIntermediate: (issuer) => endedIntermediate(state, issuer),
    state,
  }
}

async function issue(
  state: AuthorityState,
  ledger: Ledger,
  { device, kind, at, purpose, ...validity }: IssueRequest,
  makeLeaf: typeof createLeaf | MakeLeaf,
): Promise<DeviceCredential> {
  const count = (state.issued.get(device) ?? 0) + 1
  // Counted before the first wait, so that two requests at once never share a serial.
  state.issued.set(device, count)
  const serial = serialFrom(stream(state.options.seed, 'serial', device, count))
  const issuer = issuerOf(state.hierarchy, device)
  const dated = wholeSeconds(validity)
  ledger.recordIssued({
    serial: serialText(serial),
    issuer: issuer.name,
    device,
    ...dated,
    issuedAt: at,
    ...(purpose && { purpose }),
  })
  const fields = { device, kind, serial, ...dated }
  const leaf =
    purpose === undefined
      ? await makeLeaf(issuer, fields)
      : await createLeaf(issuer, { ...fields, purpose })
  return toCredential(issuer, leaf, serial, dated)
}

async function forge(
  rogue: Hierarchy,
  { device, kind, serial: imitated, ...validity }: ForgeRequest,
): Promise<DeviceCredential> {
  const serial = new Uint8Array(Buffer.from(imitated, 'hex'))
  const issuer = issuerOf(rogue, device)
  const dated = wholeSeconds(validity)
  const leaf = await createLeaf(issuer, { device, kind, serial, ...dated })
  return toCredential(issuer, leaf, serial, dated)
}

export interface Validity {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** Cut to the whole second, as X.509 knows time. */
export function wholeSeconds({ notBefore, notAfter }: Validity): Validity {
  return { notBefore: toSecond(notBefore), notAfter: toSecond(notAfter) }
}

function toSecond(at: Instant): Instant {
  return instantFromMs(Math.floor(at / 1000) * 1000)
}

/** What a device holds of a leaf that was made for it. */
export function toCredential(
  issuer: Ca,
  leaf: KeyAndLeaf,
  serial: Uint8Array,
  validity: Validity,
): DeviceCredential {
  const { der } = leaf
  return {
    serial: serialText(serial),
    issuer: issuer.name,
    // Written where they are asked for: the mass of devices never leaves this process.
    get keyPem() {
      return leaf.keyPem
    },
    get chainPem() {
      return toPem('CERTIFICATE', der) + toPem('CERTIFICATE', issuer.der)
    },
    leafDer: der,
    intermediateDer: issuer.der,
    ...validity,
  }
}

/** A device keeps its issuer for life; devices are spread over the issuers by their names. */
export function issuerOf({ root, intermediates }: Hierarchy, device: string): Ca {
  return intermediates[hash32(device) % intermediates.length] ?? root
}

async function endedIntermediate(
  { options, hierarchy }: AuthorityState,
  issuer: string,
): Promise<Bytes> {
  const ca = hierarchy.intermediates.find(({ name }) => name === issuer)
  if (ca === undefined) throw new RangeError(`there is no issuing CA ${issuer}`)
  const { der } = await crossCertify(ca, hierarchy.root, {
    serial: toHex(serialFrom(stream(options.seed, 'serial', issuer, 'ended'))),
    notBefore: shift(options.start, -2 * endedMs),
    notAfter: shift(options.start, -endedMs),
  })
  return der
}

/** A year: before anything that happens in a run. */
const endedMs = 365 * 86_400_000

function revoke(state: AuthorityState, ledger: Ledger, entry: CrlEntry): void {
  if (ledger.revocation(entry.serial) !== undefined) return
  ledger.recordRevoked(entry.serial, entry.at, entry.reason)
  const issuer = ledger.certificate(entry.serial)?.issuer ?? ''
  const before = state.revoked.get(issuer)
  if (before === undefined) state.revoked.set(issuer, [entry])
  else before.push(entry)
}

/** The last complete lists: their number, and how many entries each issuer's has. */
interface Base {
  readonly number: number
  readonly entries: ReadonlyMap<string, number>
}

function baseOf({ crlNumber: number, revoked }: AuthorityState): Base {
  return { number, entries: new Map([...revoked].map(([issuer, list]) => [issuer, list.length])) }
}

function publish(
  state: AuthorityState,
  at: Instant,
  nextUpdateMs: number,
  base?: Base,
): readonly PublishedCrl[] {
  state.crlNumber += 1
  const fields = { number: state.crlNumber, at, nextUpdateMs }
  const { root, furtherRoots = [], intermediates } = state.hierarchy
  const issuers = [root, ...furtherRoots, ...intermediates]
  return issuers.flatMap((issuer) => publishOf(state, issuer, fields, base))
}

/** All lists of one issuer: one, or one of each partition. */
function publishOf(
  { revoked }: AuthorityState,
  issuer: Ca,
  fields: { readonly number: number; readonly at: Instant; readonly nextUpdateMs: number },
  base: Base | undefined,
): readonly PublishedCrl[] {
  const all = revoked.get(issuer.name) ?? []
  const entries = base === undefined ? all : all.slice(base.entries.get(issuer.name) ?? 0)
  const ending = base === undefined ? 'crl' : 'delta.crl'
  const made = { ...fields, ...(base && { deltaBase: base.number }) }
  if (issuer.partitions === 1) {
    const der = createCrl(issuer, { ...made, entries })
    return [{ issuer: issuer.name, name: `${issuer.name}.${ending}`, der }]
  }
  const parts = Map.groupBy(entries, ({ serial }) =>
    partitionOf(Buffer.from(serial, 'hex'), issuer.partitions),
  )
  return Array.from({ length: issuer.partitions }, (_, index) => {
    const partition = index + 1
    const der = createCrl(issuer, { ...made, entries: parts.get(partition) ?? [], partition })
    return { issuer: issuer.name, name: `${issuer.name}.${partition}.${ending}`, der }
  })
}
