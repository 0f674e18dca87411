import { sign } from 'node:crypto'
import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { commonName, subjectOf, textsOf } from '#shared/enrollment/subject.ts'
import { shift, type Clock, type Instant } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { issuerOf, wholeSeconds, type Authority } from '../ca/authority.ts'
import { bitString, sequence } from '../ca/der.ts'
import { serialFrom, serialText } from '../ca/identifiers.ts'
import { ecdsaWithSha256, toBeSigned } from '../ca/leaf.ts'
import type { Ledger } from '../ca/ledger.ts'
import { createCapacity } from '../device/capacity.ts'
import type { DeviceProfile } from '../device/profile.ts'
import { stream } from '../random.ts'
import { caOutages, outageEnd } from '../scenario/outages.ts'
import type { Scenario } from '../scenario/scenario.ts'

export interface FleetCaOptions {
  readonly scenario: Scenario
  readonly authority: Authority
  /** Told of every certificate as it is signed: the truth of what the fleet was given. */
  readonly ledger: Ledger
  readonly clock: Clock
  /** The devices that onboard, by name. */
  readonly profiles: ReadonlyMap<string, DeviceProfile>
}

/** RFC 5280 4.1.2.5: clocks of those who look at certificates are behind. */
const backdateMs = 60_000

/**
 * The scenario's CA as an EST server (RFC 7030 4.2) behind the edge's: away in its outages, turning
 * away who comes beyond its rate, and signing whatever the edge asks it to.
 */
export function createFleetCa(options: FleetCaOptions): (request: Request) => Promise<Response> {
  const { scenario, clock, profiles } = options
  const outages = caOutages(scenario)
  const takeCapacity = createCapacity(scenario)
  const signed = new Map<string, number>()
  return async (request) => {
    const now = clock.now()
    if (outageEnd(outages, now) !== undefined) return unavailable('the CA is away')
    if (!takeCapacity(now)) return unavailable('the CA is busy')
    const der = fromBase64(await request.text())
    const parsed = der === undefined ? undefined : parseCertificationRequest(der)
    if (parsed?.ok !== true) return new Response('no request\n', { status: 400 })
    const { subject, spki } = parsed.value
    const [device = ''] = textsOf(subjectOf('request', subject, undefined), commonName)
    const profile = profiles.get(device)
    if (profile === undefined) return new Response('no device of this fleet\n', { status: 403 })
    const count = (signed.get(device) ?? 0) + 1
    signed.set(device, count)
    const certificate = issue(options, profile, { spki, count, now })
    return new Response(toBase64(writeCertsOnly([certificate])), { status: 200 })
  }
}

const unavailable = (because: string): Response => new Response(`${because}\n`, { status: 503 })

function issue(
  { scenario, authority, ledger }: FleetCaOptions,
  { id: device, kind, fleet }: DeviceProfile,
  { spki, count, now }: { readonly spki: Bytes; readonly count: number; readonly now: Instant },
): Bytes {
  const serial = serialFrom(stream(scenario.seed, 'serial', device, count))
  const issuer = issuerOf(authority.state.hierarchy, device)
  const dated = wholeSeconds({
    notBefore: shift(now, -backdateMs),
    notAfter: shift(now, fleet.certificate.validityMs),
  })
  const issued = { serial: serialText(serial), issuer: issuer.name, device, issuedAt: now }
  ledger.recordIssued({ ...issued, ...dated })
  const tbs = toBeSigned(issuer, { device, kind, serial, ...dated }, spki)
  const signature = new Uint8Array(sign('sha256', tbs, issuer.key))
  return sequence(tbs, ecdsaWithSha256, bitString(signature))
}
