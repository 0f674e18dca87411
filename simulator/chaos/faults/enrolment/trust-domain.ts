import { toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { integer, sequence, tagged, taggedText } from '../../../ca/der.ts'
import {
  altNames,
  authority,
  certificate,
  commonName,
  extension,
  nameOf,
  request,
  uri,
} from '../../../commands/onboard/corpus/maker.ts'
import { revocationList, type WorldCa } from '../../../onboarding/authorities.ts'
import type { Credential } from '../../../onboarding/door.ts'
import { dayMs } from '../../../onboarding/plan.ts'
import { byToken } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'
import { start } from './times.ts'

const [ours, theirs] = ['a.example', 'b.example']
const idOf = (domain: string, device: string): string => `spiffe://${domain}/meter/${device}`

/** C33: somebody of trust domain A vouches for an identity of domain B. */
export async function trustDomainConfused(stage: EnrolmentStage): Promise<void> {
  const asking = async (domain: string) => {
    const extensions = [altNames(uri(idOf(domain, 'device')))]
    const der = request('device', { keys: stage.keysOf('device'), extensions })
    return byToken(der, await stage.claim({ device: 'device' }))
  }
  await stage.asks(
    'a device asks for an identity of another domain',
    await asking(theirs),
    '400 csr.id',
  )
  const issuing = issuingOf(stage)
  const until = shift(start, 300 * dayMs)
  const list = revocationList(issuing, { number: 1, at: stage.now(), until, revoked: [] })
  stage.trust(
    new Map([
      ['anchors.pem', toUtf8(stage.fleet.pem)],
      ['intermediates.pem', toUtf8(issuing.pem)],
      ['crl/issuing-a.crl', list],
    ]),
  )
  const own = certified(stage, issuing, ours)
  const foreign = certified(stage, issuing, theirs)
  await stage.connects('a device of the domain that its CA is for', own, '200')
  await stage.connects('one of another domain by that CA', foreign, 'name_constraint_violated')
}

/** A CA below the fleet's root that may vouch for one trust domain (RFC 5280 4.2.1.10: URIs by host). */
function issuingOf({ fleet, keysOf }: Pick<EnrolmentStage, 'fleet' | 'keysOf'>): WorldCa {
  const issuer = { name: nameOf(commonName('Issuing A')), keys: keysOf('issuing-a') }
  const permitted = tagged(0, sequence(taggedText(6, ours)))
  const constraints = extension('2.5.29.30', sequence(permitted), 'critical')
  const der = authority(issuer, fleet.issuer, shift(start, -dayMs), {
    serial: integer(Uint8Array.of(0x5c)),
    extensions: { constraints },
  })
  return { issuer, der, pem: encodePem('CERTIFICATE', der) }
}

function certified(stage: EnrolmentStage, { issuer }: WorldCa, domain: string): Credential {
  const device = `of-${domain}`
  const keys = stage.keysOf(device)
  const der = certificate(device, issuer, start, {
    keys,
    extensions: { names: altNames(uri(idOf(domain, device))) },
  })
  return { der, keys: () => keys }
}
