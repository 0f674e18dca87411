import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import { requestCases } from '../commands/onboard/corpus/requests.ts'
import { certificate, request } from '../commands/onboard/corpus/maker.ts'
import type { WorldCa } from './authorities.ts'
import type { Credential, Question } from './door.ts'
import { worldKeys, type WorldKeys } from './keys.ts'

/** What somebody hostile sends, and the codes of which the refusal has to bear one. */
export interface HostileAct {
  readonly name: string
  readonly question: Question
  readonly codes: readonly string[]
}

/** What a hostile act may lean on: a device that is enrolled, and what was given out. */
export interface HostileWorld {
  readonly seed: number
  readonly device: string
  readonly now: Instant
  readonly factory: WorldCa
  /** The enrolled device's own, which its thief has too. */
  readonly own: Credential
  readonly ownKeys: () => WorldKeys
  readonly factoryCredential: () => Credential
  /** A claim that the operator gave out for this name. */
  readonly claimFor: (device: string) => Promise<string>
}

type Make = (world: HostileWorld) => HostileAct | Promise<HostileAct>

/**
 * Requests of the corpus whose fault alone refuses them (severity error in the profile `device`), and
 * which an HTTP client can send whole: the megabyte is refused by its length before it is read.
 */
const corpusNames = [
  'pop-flipped',
  'pop-other-key',
  'algorithm-sha1',
  'wish-ca',
  'wish-signing',
  'wish-ca-microsoft',
  'wish-constraints',
  'wish-code-signing',
  'extension-twice',
  'challenge-password',
  'attribute-twice',
  'attribute-of-two',
  'id-twice',
  'id-missing',
  'name-missing',
  'name-many',
  'name-flood',
  'name-wildcard',
  'name-broken',
  'name-nul',
  'name-bidi',
  'name-not-ascii',
  'name-long',
  'version-one',
  'attributes-flood',
  'der-trailing',
  'der-truncated',
  'der-empty',
  'der-no-asn1',
  'der-indefinite',
  'der-long-length',
  'der-deep',
] as const

/** Made once in a run: their refusal comes before anybody asks whose they are. */
function corpusActs(world: Parameters<(typeof requestCases)[number]['make']>[0]): readonly Make[] {
  return corpusNames.map((name): Make => {
    const found = requestCases.find((each) => each.name === name)
    if (found === undefined) throw new Error(`the corpus has no request ${name}`)
    const [der] = found.make(world, name)
    if (der === undefined) throw new Error(`the corpus' ${name} is empty`)
    return () => ({ name, question: shown(der, 'Bearer a-token'), codes: found.expects })
  })
}

const shown = (der: Bytes, authorization: string): Question => ({
  operation: 'simpleenroll',
  request: der,
  presented: undefined,
  authorization,
})

const withCertificate = (
  operation: Question['operation'],
  der: Bytes,
  presented: Credential | undefined,
): Question => ({ operation, request: der, presented, authorization: undefined })

/** Good requests of people who are not who they say. */
const impostors: readonly Make[] = [
  ({ seed, device }) => ({
    name: 'nobody',
    question: withCertificate('simpleenroll', fresh(seed, device), undefined),
    codes: ['no_certificate'],
  }),
  ({ seed, device }) => ({
    name: 'token-guessed',
    question: shown(fresh(seed, device), 'Bearer sallyport_claim_guessed'),
    codes: ['claim_unknown'],
  }),
  async ({ seed, device, claimFor }) => ({
    name: 'claim-of-another',
    question: shown(fresh(seed, `${device}-thief`), `Bearer ${await claimFor(`${device}-owner`)}`),
    codes: ['claim_of_another'],
  }),
  async ({ device, ownKeys, claimFor }) => ({
    name: 'key-of-another',
    question: shown(
      request(`${device}-clone`, { keys: ownKeys() }),
      `Bearer ${await claimFor(`${device}-clone`)}`,
    ),
    codes: ['key_reuse'],
  }),
  ({ seed, device, factoryCredential }) => ({
    name: 'factory-certificate-of-another',
    question: withCertificate('simpleenroll', fresh(seed, `${device}-x`), factoryCredential()),
    codes: ['claim_unknown'],
  }),
  ({ seed, device, own }) => ({
    name: 'renews-as-another',
    question: withCertificate('simplereenroll', fresh(seed, `${device}-x`), own),
    codes: ['csr.sameSubject'],
  }),
  ({ seed, device, now, factory }) => ({
    name: 'forged-factory-certificate',
    question: withCertificate(
      'simpleenroll',
      fresh(seed, device),
      forged(seed, device, { now, factory }),
    ),
    codes: ['bad_signature', 'signature_invalid'],
  }),
]

const fresh = (seed: number, device: string): Bytes =>
  request(device, { keys: worldKeys(seed, 'hostile', device) })

/** The factory's name over a key that is not the factory's. */
function forged(
  seed: number,
  device: string,
  { now, factory }: Pick<HostileWorld, 'now' | 'factory'>,
): Credential {
  const keys = (): WorldKeys => worldKeys(seed, 'forged', device)
  const issuer = { name: factory.issuer.name, keys: worldKeys(seed, 'forger') }
  return { der: certificate(device, issuer, now, { keys: keys() }), keys }
}

/** Every hostile act there is, to be sent in turn. */
export function hostileActs(now: Instant, fleet: WorldCa): readonly Make[] {
  const issuer = { root: fleet.issuer, issuing: fleet.issuer }
  return [
    ...impostors,
    ...corpusActs({ now, ...issuer, rootDer: fleet.der, issuingDer: fleet.der }),
  ]
}
