import { createHash } from 'node:crypto'
import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { shift, type Clock, type Instant } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { bitString, integer, sequence, tagged, time } from '../ca/der.ts'
import { serialFrom } from '../ca/identifiers.ts'
import {
  authority,
  authorityKeyIdentifier,
  certificate,
  commonName,
  extension,
  nameOf,
  type Issuer,
} from '../commands/onboard/corpus/maker.ts'
import { stream } from '../random.ts'
import { worldKeys } from './keys.ts'
import type { Ledger } from './ledger.ts'
import { dayMs, type Plan } from './plan.ts'

/** A CA of the rehearsed world. */
export interface WorldCa {
  readonly issuer: Issuer
  readonly der: Bytes
  readonly pem: string
}

export const sha256 = (octets: Uint8Array): string =>
  createHash('sha256').update(octets).digest('hex')

/** A self-signed CA whose key is derived of the seed. */
export function createWorldCa(seed: number, name: string, now: Instant): WorldCa {
  const keys = worldKeys(seed, 'ca', name)
  const issuer = { name: nameOf(commonName(`Rehearsal ${name}`)), keys }
  const der = authority(issuer, issuer, shift(now, -dayMs), {
    serial: integer(Uint8Array.of(0x5a)),
  })
  return { issuer, der, pem: encodePem('CERTIFICATE', der) }
}

/** A factory's certificate of a device (IEEE 802.1AR's IDevID), made again whenever it is shown. */
export function factoryCertificate(
  { seed }: Pick<Plan, 'seed'>,
  factory: WorldCa,
  { device, now }: { readonly device: string; readonly now: Instant },
): Bytes {
  return certificate(device, factory.issuer, now, {
    keys: worldKeys(seed, 'factory', device),
    serial: integer(serialFrom(stream(seed, 'factory-serial', device))),
    notAfter: time(shift(now, 3000 * dayMs)),
  })
}

/** What a revocation list says of one issuer's certificates. */
export interface ListFields {
  /** RFC 5280 5.2.3: grows with every list. */
  readonly number: number
  readonly at: Instant
  readonly until: Instant
  /** Certificates in DER. */
  readonly revoked: readonly Bytes[]
}

/** A complete CRL of a CA (RFC 5280 5.1). Throws an Error where one of `revoked` is no certificate. */
export function revocationList(
  { issuer: { name, keys } }: WorldCa,
  { number, at, until, revoked }: ListFields,
): Bytes {
  const entries = revoked.map((der) => sequence(integer(serialOf(der)), time(at)))
  const numbered = extension('2.5.29.20', integer(Uint8Array.of(number)))
  const list = sequence(
    integer(Uint8Array.of(1)),
    keys.algorithm,
    name,
    time(at),
    time(until),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tagged(0, sequence(authorityKeyIdentifier(keys), numbered)),
  )
  return sequence(list, keys.algorithm, bitString(keys.sign(list)))
}

function serialOf(der: Bytes): Bytes {
  const parsed = parseCertificate(der)
  if (!parsed.ok) throw new Error(`no certificate: ${parsed.error.expected}`)
  return parsed.value.serial
}

/** The address of the CA, which only the edge asks. */
export const caUrl = 'https://ca.rehearsal.example/.well-known/est'

/** RFC 5280 4.1.2.5: clocks of devices are behind. */
const backdateMs = 60_000

/**
 * The fleet's CA: an EST server (RFC 7030 4.2) behind the edge's, which is away in the plan's outage.
 * It signs whatever the edge asks for, twice where it is asked twice, as real ones do, and tells the
 * ledger.
 */
export function createUpstreamCa(
  plan: Pick<Plan, 'seed' | 'validityMs' | 'outage'>,
  ca: WorldCa,
  {
    clock,
    start,
    ledger,
  }: { readonly clock: Clock; readonly start: Instant; readonly ledger: Ledger },
): (request: Request) => Promise<Response> {
  const serials = stream(plan.seed, 'ca-serials')
  return async (request) => {
    const now = clock.now()
    if (isAway(plan, now - start)) return new Response('the CA is away\n', { status: 503 })
    const der = fromBase64(await request.text())
    const parsed = der === undefined ? undefined : parseCertificationRequest(der)
    if (der === undefined || parsed?.ok !== true)
      return new Response('no request\n', { status: 400 })
    const second = shift(now, -(now % 1000))
    const notBefore = shift(second, -backdateMs)
    const notAfter = shift(second, plan.validityMs)
    const { subject, spki } = parsed.value
    const signed = certificate('', ca.issuer, now, {
      // Of the request's key only its public half is known here: certificates are signed by the CA's.
      keys: { ...ca.issuer.keys, spki },
      serial: integer(serialFrom(serials)),
      subject,
      notBefore: time(notBefore),
      notAfter: time(notAfter),
    })
    const facts = { requestSha256: sha256(der), keySha256: sha256(spki), notBefore, notAfter }
    ledger.signed(sha256(signed), facts)
    return new Response(toBase64(writeCertsOnly([signed])), { status: 200 })
  }
}

const isAway = ({ outage }: Pick<Plan, 'outage'>, sinceStartMs: number): boolean =>
  sinceStartMs >= outage.fromMs && sinceStartMs < outage.fromMs + outage.forMs
