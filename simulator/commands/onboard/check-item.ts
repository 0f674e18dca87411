import * as crypto from 'node:crypto'
import { concatBytes } from '#shared/bytes.ts'
import { finding } from '#shared/enrollment/catalogue.ts'
import { checkCertificate } from '#shared/enrollment/check-certificate.ts'
import { checkChain, type ChainWanted } from '#shared/enrollment/check-chain.ts'
import { checkRequest } from '#shared/enrollment/check-request.ts'
import type { Finding } from '#shared/enrollment/finding.ts'
import type { DeviceProfile } from '#shared/enrollment/profile.ts'
import { settle } from '#shared/enrollment/settle.ts'
import type { Instant } from '#shared/time.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { Item } from './item.ts'
import { createSightings, type Sightings } from './sightings.ts'

/** An item with everything that is to be objected to. */
export interface CheckedItem {
  readonly item: Item
  readonly device: string | undefined
  readonly keySha256: string
  /** The gravest first. */
  readonly findings: readonly Finding[]
}

interface CheckSettings {
  readonly profile: DeviceProfile
  readonly now: Instant
  readonly isDenied: ((spkiSha256: string) => boolean) | undefined
}

/** Checks items of one batch, one after another: keys and serials are held against those before. */
export function createItemChecker(settings: CheckSettings): (item: Item) => Promise<CheckedItem> {
  const keys = createSightings()
  const serials = createSightings()
  return async (item) => {
    // Each key comes once: a verifier that outlives its item would keep every one until V8 tidies up.
    const verifier = createNodeVerifier(crypto)
    const checked = await checkOf(item, { ...settings, verifier, sha256: hashOf })
    const { device, keySha256, findings, certificate } = checked
    const batch = [
      ...checkKeyReuse(item, checked, keys),
      ...(certificate === undefined ? [] : checkSerialReuse(item, certificate, serials)),
    ]
    // What was settled once is in order, and most items are no repetition.
    const all = batch.length === 0 ? findings : settle([...findings, ...batch], settings.profile)
    return { item, device, keySha256, findings: all }
  }
}

interface Checked {
  readonly device: string | undefined
  readonly keySha256: string
  readonly findings: readonly Finding[]
  readonly certificate?: Certificate | undefined
}

async function checkOf({ kind, ders }: Item, wanted: ChainWanted): Promise<Checked> {
  const [first = new Uint8Array(0)] = ders
  if (kind === 'request') return checkRequest(first, wanted)
  if (kind === 'certificate') return checkCertificate(first, wanted)
  const { leaf, findings } = await checkChain(ders, wanted)
  return { ...leaf, findings }
}

/** A key once for each device: a request and the certificate made of it are one device’s. */
function checkKeyReuse(item: Item, { device, keySha256 }: Checked, keys: Sightings): Finding[] {
  if (keySha256 === '') return []
  const owner = device ?? `${item.kind} ${item.id}`
  const before = keys.see(Buffer.from(keySha256, 'hex'), hashOf(owner).readUInt32BE(0))
  if (before === undefined) return []
  const found = `the key of item ${before} of the batch`
  return [finding('key.reuse', `${pathOf(item)}.key`, found, 'a key of its own')]
}

/** RFC 5280 4.1.2.2: issuer and serial are one certificate; the same one twice is none more. */
function checkSerialReuse(
  item: Item,
  { der, issuer, serial }: Certificate,
  serials: Sightings,
): Finding[] {
  const hash = hashOf(concatBytes(issuer, serial))
  const before = serials.see(hash, hashOf(der).readUInt32BE(0))
  if (before === undefined) return []
  const path = `${pathOf(item)}.serialNumber`
  const found = `${albSerial(serial)}, as certificate ${before} of the batch`
  return [finding('cert.serialReuse', path, found, 'a serial of its own')]
}

function hashOf(value: string | Uint8Array): Buffer {
  return crypto.hash('sha256', value, 'buffer')
}

function pathOf({ kind }: Item): string {
  return kind === 'chain' ? 'chain[0]' : kind
}
