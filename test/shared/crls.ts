import type { Bytes } from '#shared/bytes.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import type { Instant } from '#shared/time.ts'
import { bitString, enumerated, explicit, integer, nothing, sequence, time } from './der/writer.ts'
import type { Keys } from './keys.ts'
import { at, extension, type Entity, type Extensions } from './pki.ts'

/** The encoded parts of a CRL: each can be bent by itself. */
export interface CrlParts {
  readonly version: Bytes
  readonly signatureAlgorithm: Bytes
  readonly issuer: Bytes
  readonly thisUpdate: Bytes
  readonly nextUpdate: Bytes
  readonly entries: Bytes
  readonly extensions: Bytes
  /** Beside the signed part. */
  readonly outerAlgorithm: Bytes
}

export interface CrlOverrides {
  readonly thisUpdate?: Instant
  readonly nextUpdate?: Instant
  /** Encoded entries, as `entry` makes them. */
  readonly entries?: readonly Bytes[]
  /** Under 128; undefined leaves the extension out. */
  readonly number?: number | undefined
  readonly signedWith?: Keys
  readonly extensions?: Extensions
  readonly parts?: Partial<CrlParts>
}

export const revokedAt = at('2026-06-01T00:00:00Z')

/** An entry of a serial's content octets. */
export function entry(serial: readonly number[], ...extensions: readonly Bytes[]): Bytes {
  const own = extensions.length === 0 ? nothing : sequence(...extensions)
  return sequence(integer(...serial), time(revokedAt), own)
}

export const reason = (...code: readonly number[]): Bytes =>
  extension('2.5.29.21', enumerated(...code))

/** A complete CRL around noon of the tests: a day old, good for a day more. */
export async function createCrl(issuer: Entity, overrides: CrlOverrides = {}): Promise<Bytes> {
  const signer = overrides.signedWith ?? issuer.keys
  const parts = { ...partsOf(issuer, signer, overrides), ...overrides.parts }
  const tbs = sequence(
    parts.version,
    parts.signatureAlgorithm,
    parts.issuer,
    parts.thisUpdate,
    parts.nextUpdate,
    parts.entries,
    parts.extensions,
  )
  return sequence(tbs, parts.outerAlgorithm, bitString(await signer.sign(tbs)))
}

function partsOf(issuer: Entity, signer: Keys, overrides: CrlOverrides): CrlParts {
  const { thisUpdate = at('2026-06-14T12:00:00Z'), nextUpdate = at('2026-06-16T12:00:00Z') } =
    overrides
  const { entries = [] } = overrides
  const number = 'number' in overrides ? overrides.number : 7
  const extensions = Object.values({ number: crlNumber(number), ...overrides.extensions })
  const present = extensions.filter((each) => each !== undefined)
  return {
    version: integer(1),
    signatureAlgorithm: signer.algorithm,
    issuer: issuer.name,
    thisUpdate: time(thisUpdate),
    nextUpdate: time(nextUpdate),
    entries: entries.length === 0 ? nothing : sequence(...entries),
    extensions: present.length === 0 ? nothing : explicit(0, sequence(...present)),
    outerAlgorithm: signer.algorithm,
  }
}

function crlNumber(number: number | undefined): Bytes | undefined {
  return number === undefined ? undefined : extension('2.5.29.20', integer(number))
}

/** What the parser reads of a CRL; the test is wrong where it reads nothing. */
export function crlOf(der: Bytes): Crl {
  const parsed = parseCrl(der)
  if (!parsed.ok) throw new Error(`${parsed.error.expected} at ${parsed.error.offset}`)
  return parsed.value
}
