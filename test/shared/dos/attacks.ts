import { type FreshnessPolicy, strictFreshness } from '#shared/revocation/freshness.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import type { Limits } from '#shared/trust-store/trust-store.ts'
import { createCrl } from '../crls.ts'
import { context, explicit, octets, oid, sequence, set, utf8String } from '../der/writer.ts'
import { newKeys, type Keys } from '../keys.ts'
import {
  altNames,
  createCa,
  extension,
  issue,
  issueCa,
  name,
  nameConstraints,
  purposes,
  type Entity,
  type Extensions,
  type Overrides,
} from '../pki.ts'

/** What somebody presents to make a decision dear, and what the relying party has. */
export interface Attack {
  readonly name: string
  readonly leaf: Bytes
  readonly intermediates: readonly Bytes[]
  readonly crls?: readonly Bytes[]
  readonly policy?: VerificationPolicy
  /** Where the default limits would stop it at the door. */
  readonly limits?: Partial<Limits>
  /** What it is refused for: a code, or the budget that it used up. */
  readonly refused: string
  /** How many signatures may be looked at for it, those of lists among them. */
  readonly signaturesMax: number
}

export const root = await createCa()
const keys = await newKeys()

/** Octets as wrong as any: certificates that nobody signed cost nothing to make. */
const unsigned: Keys = { ...keys, sign: async () => octets(0x30, 0x00) }

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** A key of the usual size that nobody has. */
const keyNumber = (count: number): Keys => ({
  ...unsigned,
  spki: octets(...keys.spki.subarray(0, -2), count >> 8, count & 0xff),
})

/** Whoever calls himself so, and has no key to prove it. */
const called = (der: Bytes): Entity => ({ name: der, keys: unsigned, der: octets() })

const dersOf = async (entities: readonly Promise<Entity>[]) =>
  (await Promise.all(entities)).map(({ der }) => der)

/** Ten CAs of one name, as many as are let in, each the issuer of all by name. */
function crowd(subject: Bytes, of: (each: number) => Overrides = () => ({})): Promise<Bytes[]> {
  return dersOf(
    numbers(10).map((each) => {
      const { parts, ...overrides } = of(each)
      const signed = { keys: keyNumber(each), parts: { subject, ...parts } }
      return issueCa(called(subject), { ...signed, ...overrides })
    }),
  )
}

const leafOf = async (issuer: Bytes, extensions: Extensions = {}) =>
  (await issue(called(issuer), { extensions })).der

/** An extension that nobody knows: fills a certificate up to what the default limits let in. */
const padding = (last: number) =>
  extension('1.3.6.1.4.1.99999.2', octets(...numbers(15_000).map(() => 0), last))

const longName = sequence(...numbers(500).map(() => set(sequence(oid('2.5.4.3'), utf8String('a')))))

const policyNumber = (each: number) => oid(`1.3.6.1.${each}`)

/** As many policies and mappings as one certificate may have, each policy mapped to sixteen. */
const policyGraph: Extensions = {
  policies: extension(
    '2.5.29.32',
    sequence(...numbers(256).map((each) => sequence(policyNumber(each)))),
  ),
  mappings: extension(
    '2.5.29.33',
    sequence(
      ...numbers(256).map((each) =>
        sequence(policyNumber(each % 16), policyNumber(Math.floor(each / 16))),
      ),
    ),
    'critical',
  ),
}

const manyPurposes = purposes(...numbers(2800).map((each) => `1.${each % 40}.${each}`))
const excluded = (...bases: readonly Bytes[]) => nameConstraints({ excluded: bases })
const wide: Partial<Limits> = {
  certificateOctetsMax: 2 ** 24 - 1,
  presentedMax: 100,
  intermediatesMax: 100,
}

/** Many ways, none of which leads anywhere: what bounds the search is told. */
async function crowds(): Promise<Attack[]> {
  const same = name('Same')
  const paths = { refused: 'paths', signaturesMax: 0 }
  const overAnchor = { refused: 'paths', signaturesMax: 11 }
  const narrow = { names: excluded(context(1, toUtf8('x'))) }
  const hundred = await Promise.all(
    numbers(10).map((tens) => crowd(same, (each) => ({ serial: [tens + 1, each] }))),
  )
  const crowded = async (title: string, extensions?: (each: number) => Extensions) => ({
    name: title,
    leaf: await leafOf(same),
    intermediates: await crowd(same, (each) => ({ extensions: extensions?.(each) ?? {} })),
    ...paths,
  })
  const rooted = async (title: string, extensions: (each: number) => Extensions) => ({
    name: title,
    leaf: await leafOf(root.name),
    intermediates: await crowd(root.name, (each) => ({ extensions: extensions(each) })),
    ...overAnchor,
  })
  return [
    await crowded('ten CAs of one name'),
    await crowded('ten CAs of one name and 15 kB, unlike in their last octets', (each) => ({
      odd: padding(each),
    })),
    await crowded('ten CAs of one name and 2,800 purposes', () => ({ purposes: manyPurposes })),
    await rooted('ten CAs of the anchor’s name and 15 kB', (each) => ({ odd: padding(each) })),
    await rooted('ten CAs of the anchor’s name with 256 policies and mappings', () => policyGraph),
    await rooted('ten CAs of the anchor’s name with name constraints', () => narrow),
    {
      name: 'ten CAs of one name of 500 attributes',
      leaf: await leafOf(longName),
      intermediates: await crowd(longName, () => ({ extensions: narrow })),
      ...paths,
    },
    {
      name: 'a hundred CAs of one name, let in',
      leaf: await leafOf(same),
      intermediates: hundred.flat(),
      limits: wide,
      ...paths,
    },
    await crossSigned(),
  ]
}

/** Signatures that hold: each of three levels has two CAs, and both of the level above certify each. */
async function crossSigned(): Promise<Attack> {
  const pool: Bytes[] = []
  let above: readonly Entity[] = [root]
  for (const level of numbers(3)) {
    const pair = await Promise.all([newKeys(), newKeys()])
    const cas = pair.flatMap((each) =>
      above.map((issuer) => issueCa(issuer, { subject: `Level ${level}`, keys: each })),
    )
    const made = await Promise.all(cas)
    pool.push(...made.map(({ der }) => der))
    above = [made[0] ?? root, made[above.length] ?? root]
  }
  const { der } = await issue(above[0] ?? root, { signedWith: await newKeys() })
  return {
    name: 'cross-signed at every level',
    leaf: der,
    intermediates: pool,
    refused: 'signature_invalid',
    signaturesMax: 24,
  }
}

/** GeneralNames: [1] mailbox, [2] DNS, [6] URI. */
const texts = (number: 1 | 2 | 6, count: number, of: (each: number) => string) =>
  numbers(count).map((each) => context(number, toUtf8(of(each))))

const numerals = (number: 1 | 2 | 6, count = 2048) => texts(number, count, (each) => `${each}`)

interface Names {
  readonly title: string
  readonly names: readonly Bytes[]
  readonly bases: readonly Bytes[]
}

/** Names and constraints of them: the product is what costs. */
const products: readonly Names[] = [
  {
    title: '512 DNS names under 2,048 subtrees',
    names: texts(2, 512, (each) => `a${each}.b`),
    bases: numerals(2),
  },
  {
    title: '512 mailboxes under 2,048 subtrees',
    names: texts(1, 512, (each) => `a@b${each}.c`),
    bases: numerals(1),
  },
  {
    title: '512 URIs under 2,048 subtrees',
    names: texts(6, 512, (each) => `u://b${each}.c/`),
    bases: numerals(6),
  },
  {
    title: '512 directory names under 700 subtrees',
    names: numbers(512).map((each) => explicit(4, name(`${each}`))),
    bases: numbers(700).map((each) => explicit(4, name(`x${each}`))),
  },
  {
    title: 'a DNS name of 15 kB under 2,048 subtrees',
    names: [context(2, toUtf8(`${'a.'.repeat(7500)}b`))],
    bases: numerals(2),
  },
  {
    title: 'a URI of 15 kB under 2,048 subtrees',
    names: [context(6, toUtf8(`u://${'1.'.repeat(7500)}b/`))],
    bases: numerals(6),
  },
]

/** From a CA of nobody: its signature ends it before a name is looked at. */
const forgedConstraints = () =>
  Promise.all(
    products.map(async ({ title, names, bases }): Promise<Attack> => {
      const extensions = { names: excluded(...bases) }
      const ca = await issueCa({ ...root, keys: unsigned }, { keys, extensions })
      const leaf = await issue(ca, { extensions: { names: altNames(...names) } })
      const refused = 'signature_invalid'
      return { name: title, leaf: leaf.der, intermediates: [ca.der], refused, signaturesMax: 1 }
    }),
  )

/** From a CA that is certified and has turned on those who trust it: comparisons are counted. */
export async function certifiedConstraints(): Promise<readonly Attack[]> {
  return Promise.all(
    products.slice(0, 4).map(async ({ title, names, bases }) => {
      const ca = await issueCa(root, { extensions: { names: excluded(...bases) } })
      const leaf = await issue(ca, { extensions: { names: altNames(...names) } })
      const bounds = { refused: 'comparisons', signaturesMax: 2 }
      return { name: `${title}, certified`, leaf: leaf.der, intermediates: [ca.der], ...bounds }
    }),
  )
}

/** More than the default limits let in, refused at the door or, with other limits, by the search. */
async function heaps(): Promise<Attack[]> {
  const leaf = await leafOf(name('Same'))
  const junk = numbers(40).map(() => new Uint8Array(12_500).fill(0x30))
  const ca = await issueCa(called(root.name), {
    keys: unsigned,
    extensions: { names: excluded(...numerals(2, 10_000)) },
  })
  return [
    {
      name: '500 kB of junk',
      leaf,
      intermediates: junk,
      refused: 'chain_too_deep',
      signaturesMax: 0,
    },
    {
      name: '500 kB of junk, let in',
      leaf,
      intermediates: junk,
      limits: wide,
      refused: 'untrusted',
      signaturesMax: 0,
    },
    {
      name: '10,000 name constraints, let in',
      leaf: (await issue(ca)).der,
      intermediates: [ca.der],
      limits: wide,
      refused: 'untrusted',
      signaturesMax: 0,
    },
  ]
}

const directory = (text: string) => explicit(4, name(text))

/** A distribution point whose list somebody else signs (RFC 5280 4.2.1.13: cRLIssuer). */
const listedBy = (...names: readonly string[]) =>
  extension('2.5.29.31', sequence(...names.map((each) => sequence(explicit(2, directory(each))))))

/**
 * A device that a CA of ours certified, whose lists strangers are to sign: it presents ten strangers
 * of those names, each certified by the next as far as names go, for the search to try.
 */
async function signersGalore(absent: FreshnessPolicy['absent']): Promise<Attack> {
  const leaf = await issue(root, { extensions: { points: listedBy('Stranger', 'Other') } })
  const strangers = numbers(10).map((each) =>
    issueCa(called(name('Stranger')), { subject: 'Stranger', keys: keyNumber(each) }),
  )
  const lists = ['Stranger', 'Other'].map((each) =>
    createCrl(called(name(each)), { signedWith: unsigned }),
  )
  return {
    name: `ten strangers who might sign lists; lists that are absent: ${absent}`,
    leaf: leaf.der,
    intermediates: await dersOf(strangers),
    crls: await Promise.all(lists),
    policy: {
      ...strictPolicy,
      revocation: { of: 'chain', freshness: { ...strictFreshness, absent } },
    },
    refused: 'signatures',
    signaturesMax: 24,
  }
}

/** Lists in the name of the issuer that somebody else signed: each is looked at once a snapshot. */
async function forgedLists(): Promise<Attack> {
  const lists = numbers(50).map((each) => createCrl(root, { number: each, signedWith: unsigned }))
  return {
    name: 'fifty forged lists',
    leaf: (await issue(root)).der,
    intermediates: [],
    crls: await Promise.all(lists),
    policy: strictPolicy,
    refused: 'revocation_unknown',
    signaturesMax: 1 + 50,
  }
}

/** Whoever has no certificate of a CA of ours, or one and nothing else, can do no worse than this. */
export async function createAttacks(): Promise<readonly Attack[]> {
  return [
    ...(await crowds()),
    ...(await forgedConstraints()),
    ...(await heaps()),
    await signersGalore('refuse'),
    await signersGalore('accept'),
    await forgedLists(),
  ]
}
