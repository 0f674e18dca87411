import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { bitString, integer, objectIdentifier, sequence } from '../../../ca/der.ts'
import { request } from '../../../commands/onboard/corpus/maker.ts'
import { hostileActs } from '../../../onboarding/hostile.ts'
import { factoryCertificate } from '../../../onboarding/authorities.ts'
import { worldKeys } from '../../../onboarding/keys.ts'
import { opensslOn } from './openssl-signs.ts'
import { byToken } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'

/** C29: requests that ask for more than is theirs, forged ones, and ones that are meant to cost. */
export async function requestsHostile(stage: EnrolmentStage): Promise<void> {
  const { seed, fleet, factory } = stage
  const victim = await stage.enrol('victim')
  const idevid = worldKeys(seed, 'factory', 'victim')
  const world = {
    seed,
    device: 'victim',
    now: stage.now(),
    factory,
    own: victim,
    ownKeys: victim.keys,
    factoryCredential: () => ({
      der: factoryCertificate({ seed }, factory, { device: 'victim', now: stage.now() }),
      keys: () => idevid,
    }),
    claimFor: (device: string) => stage.claim({ device }),
  }
  const acts = hostileActs(stage.now(), fleet)
  for (const make of acts) {
    const { name, question, codes } = await make(world)
    const wanted = codes.flatMap((code) => [400, 401, 403].map((status) => `${status} ${code}`))
    await stage.asks(name, question, ...wanted)
    if (name === 'wish-ca') {
      stage.beside(opensslOn(question.request, fleet, worldKeys(seed, 'ca', 'fleet').pem))
    }
  }
  stage.counted('kinds of hostile requests', acts.length, 30)
  const large = request('large', { keys: { ...victim.keys(), spki: largeRsaKey() } })
  const token = await stage.claim({ device: 'large' })
  await stage.asks('an RSA key of 16,384 bits', byToken(large, token), '400 key.size')
  await stage.connects('the victim still connects', victim, '200')
}

/** A SubjectPublicKeyInfo (RFC 8017 A.1.1) of 16,384 bits: an odd number of that length, no two primes. */
function largeRsaKey(): Bytes {
  const modulus = concatBytes(
    Uint8Array.of(0xc1),
    new Uint8Array(2046).fill(0xa5),
    Uint8Array.of(0x01),
  )
  const key = sequence(integer(modulus), integer(Uint8Array.of(1, 0, 1)))
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.1.1'), Uint8Array.of(0x05, 0x00))
  return sequence(algorithm, bitString(key))
}
