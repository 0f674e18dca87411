import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import { stream } from '#simulator/random.ts'
import type { HierarchyEvent, Scenario } from '../scenario/scenario.ts'
import type { Authority } from './authority.ts'
import {
  crossCertify,
  distinguishedName,
  extensionsOf,
  keyAlgorithm,
  signingAlgorithm,
  toCa,
  type Ca,
} from './hierarchy.ts'
import { keyIdOf, serialFrom } from './identifiers.ts'
import type { Ledger } from './ledger.ts'
import { toPem } from './pem.ts'

/** An object of the trust store, as an event wants it written. */
export interface TrustObject {
  readonly name: 'anchors.pem' | 'intermediates.pem'
  readonly octets: Bytes
}

/** Carries out what befalls the authorities, and writes it into the ledger. */
export interface HierarchyEvents {
  /** What has to be published for it; nothing where a certificate only ends. */
  apply(event: HierarchyEvent, at: Instant): Promise<readonly TrustObject[]>
}

interface State {
  readonly authority: Authority
  readonly ledger: Ledger
  readonly seed: number
  readonly start: Instant
  anchors: readonly Ca[]
  /** Certificates of issuing CAs that lie in the trust store. */
  stored: readonly Ca[]
  /** Which root each issuing CA's current certificate is under. */
  root: Ca
  certificates: number
}

/** A device's last certificate may be issued at the very end: what is made anew outlives all of it. */
const againMs = 5 * 365 * 86_400_000

/**
 * Prepares an authority for the events of a scenario: issuing CAs whose certificate is to end get one
 * that does. Before anything is issued; without events nothing changes and nothing is recorded.
 *
 * @param passesChain whether the terminator hands on what devices present beside their leaf
 */
export async function prepareHierarchyEvents(
  { seed, time, pki }: Scenario,
  authority: Authority,
  ledger: Ledger,
  passesChain: boolean,
): Promise<HierarchyEvents> {
  const { root } = authority.state.hierarchy
  const state: State = {
    authority,
    ledger,
    seed,
    start: time.start,
    anchors: [root],
    stored: [],
    root,
    certificates: 0,
  }
  if (pki.events.length > 0) {
    ledger.recordAnchored(root.name, state.start)
    for (const [index, ca] of authority.state.hierarchy.intermediates.entries()) {
      const ends = pki.events.find(
        ({ event, intermediate }) => event === 'intermediate_expires' && intermediate === index + 1,
      )
      const notAfter = shift(state.start, ends?.atMs ?? againMs)
      const first = await recertify(state, ca, notAfter)
      replace(state, index, first)
      record(state, first, notAfter, state.start, passesChain ? undefined : state.start)
      if (!passesChain) state.stored = [...state.stored, first]
    }
  }
  return { apply: (event, at) => apply(state, event, at) }
}

async function apply(
  state: State,
  { event, intermediate }: HierarchyEvent,
  at: Instant,
): Promise<readonly TrustObject[]> {
  const { ledger } = state
  switch (event) {
    case 'intermediate_expires':
      return []
    case 'intermediate_reissued':
      return reissue(state, [intermediate - 1], at)
    case 'root_added': {
      const second = await createSecondRoot(state)
      state.anchors = [...state.anchors, second]
      state.root = second
      const { hierarchy } = state.authority.state
      state.authority.state.hierarchy = { ...hierarchy, furtherRoots: [second] }
      ledger.recordAnchored(second.name, at)
      return [anchorsFile(state)]
    }
    case 'intermediates_resigned':
      return reissue(state, [...state.authority.state.hierarchy.intermediates.keys()], at)
    case 'root_removed': {
      const [first, ...rest] = state.anchors
      if (first === undefined || rest.length === 0) throw new RangeError('the last root stays')
      state.anchors = rest
      ledger.recordUnanchored(first.name, at)
      return [anchorsFile(state)]
    }
  }
}

/** New certificates of issuing CAs under the newest root, in the trust store and in chains from now on. */
async function reissue(
  state: State,
  indexes: readonly number[],
  at: Instant,
): Promise<readonly TrustObject[]> {
  for (const index of indexes) {
    const ca = state.authority.state.hierarchy.intermediates[index]
    if (ca === undefined) throw new RangeError(`there is no issuing-${index + 1}`)
    const notAfter = shift(at, againMs)
    const again = await recertify(state, ca, notAfter)
    replace(state, index, again)
    state.stored = [...state.stored, again]
    record(state, again, notAfter, at, at)
  }
  const pem = state.stored.map(({ der }) => toPem('CERTIFICATE', der)).join('')
  return [{ name: 'intermediates.pem', octets: new TextEncoder().encode(pem) }]
}

function anchorsFile({ anchors }: State): TrustObject {
  const pem = anchors.map(({ der }) => toPem('CERTIFICATE', der)).join('')
  return { name: 'anchors.pem', octets: new TextEncoder().encode(pem) }
}

function replace({ authority }: State, index: number, ca: Ca): void {
  const { hierarchy } = authority.state
  authority.state.hierarchy = {
    ...hierarchy,
    intermediates: hierarchy.intermediates.map((each, place) => (place === index ? ca : each)),
  }
}

function record(
  { ledger, root }: State,
  ca: Ca,
  notAfter: Instant,
  presentedFrom: Instant,
  storedFrom: Instant | undefined,
): void {
  ledger.recordAuthority({ issuer: ca.name, root: root.name, notAfter, presentedFrom, storedFrom })
}

/** The same name and key in another certificate, under the newest root. */
function recertify(state: State, ca: Ca, notAfter: Instant): Promise<Ca> {
  const serial = nextSerial(state, ca.name)
  return crossCertify(ca, state.root, { serial, notBefore: shift(state.start, -againMs), notAfter })
}

async function createSecondRoot(state: State): Promise<Ca> {
  const name = 'root-2'
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const keyId = keyIdOf(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const certificate = await X509CertificateGenerator.create({
    serialNumber: nextSerial(state, name),
    subject: distinguishedName(name),
    issuer: distinguishedName(name),
    notBefore: new Date(shift(state.start, -againMs)),
    notAfter: new Date(shift(state.start, 2 * againMs)),
    signingAlgorithm,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: extensionsOf(undefined, keyId, undefined),
  })
  return toCa(name, certificate, keyId, keys.privateKey)
}

function nextSerial(state: State, name: string): string {
  state.certificates += 1
  return toHex(serialFrom(stream(state.seed, 'serial', name, 'again', state.certificates)))
}
