import { describe, expect, test } from 'vitest'
import { freshBudget, type Budget } from '#shared/path/budget.ts'
import type { CandidatePath } from '#shared/path/candidate-path.ts'
import { findCrlSigners } from '#shared/revocation/crl-signers.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { context, explicit, octets } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import {
  altNames,
  at,
  basicConstraints,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  name,
  nameConstraints,
  noon,
  type Entity,
  type Extensions,
  type Overrides,
} from '../pki.ts'
import { trust } from '../relying-party.ts'

const verifier = createWebCryptoVerifier()
const keys = await newKeys()
const root = await createCa()
const issuing = await issueCa(root)
const device = await issue(issuing)

/** Whoever has a certificate with leave to sign lists, of a name that is looked for here. */
const signerOf = (issuer: Entity, overrides: Overrides = {}) =>
  issue(issuer, {
    subject: 'Lists',
    keys,
    ...overrides,
    extensions: { keyUsage: keyUsage('cRLSign'), purposes: undefined, ...overrides.extensions },
  })

interface World {
  /** Leaf first, the anchor last. */
  readonly path?: readonly Entity[]
  readonly stored?: readonly Entity[]
  readonly beside?: readonly Entity[]
  readonly wanted?: string
  readonly budget?: Partial<Budget>
}

async function search({ path = [device, issuing, root], wanted = 'Lists', ...world }: World) {
  const [leaf, ...above] = path.map(certificateOf)
  const certificate = above.pop()
  if (leaf === undefined || certificate === undefined) throw new Error('a path has two ends')
  const { subject, spki } = certificate
  const candidate: CandidatePath = {
    certificates: [leaf, ...above],
    anchor: { subject, spki, certificate },
    ...(world.beside && { beside: world.beside.map(certificateOf) }),
  }
  const store = await trust({ anchors: [root], intermediates: world.stored ?? [] })
  const budget = { ...freshBudget(), ...world.budget }
  return findCrlSigners(name(wanted), candidate, { store, now: noon, verifier, budget })
}

/** How many are found, or what ended the search. */
async function found(world: World) {
  const signers = await search(world)
  return signers.ok ? signers.value.length : signers.error
}

describe('where signers are looked for', () => {
  test('in the path, the store and among what was presented, each once', async () => {
    const signer = await signerOf(root)
    const [second, third] = [await signerOf(root), await signerOf(root)]
    expect(await found({ stored: [signer] })).toBe(1)
    expect(await found({ beside: [signer] })).toBe(1)
    expect(await found({ stored: [signer, second], beside: [third, second, signer] })).toBe(3)
    expect(await found({})).toBe(0)
  })

  test('under no other name, and among no keys that may not sign lists', async () => {
    const others = [
      await signerOf(root, { subject: 'Others' }),
      await signerOf(root, { extensions: { keyUsage: keyUsage('keyCertSign') } }),
    ]
    expect(await found({ stored: others, beside: others })).toBe(0)
  })

  test('a CA of the path has the one above it for its issuer, and an anchor itself', async () => {
    const upper = await issueCa(root, { subject: 'Upper' })
    const lower = await issueCa(upper, { subject: 'Lower' })
    const path = [await issue(lower), lower, upper, root]
    const pairs = { Lower: [lower, upper], Upper: [upper, root], Root: [root, root] }
    for (const [wanted, [signer, issuer]] of Object.entries(pairs)) {
      const signers = await search({ path, wanted })
      const said = signers.ok ? signers.value : []
      expect(said.map(({ certificate }) => certificate.der)).toEqual([signer?.der])
      expect(said.map((each) => each.issuer.der)).toEqual([issuer?.der])
    }
  })

  test('a device signs no lists, whatever is in its certificate', async () => {
    const path = [await signerOf(issuing), issuing, root]
    expect(await found({ path })).toBe(0)
  })

  test('of four of one name, not of a fifth; those without leave to sign do not count', async () => {
    const unable = await signerOf(root, { extensions: { keyUsage: keyUsage('keyCertSign') } })
    const expired = await signerOf(root, { notAfter: at('2026-06-15T11:59:59Z') })
    const good = await signerOf(root)
    const lapsed = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, serial) =>
          signerOf(root, { serial: [serial + 1], notAfter: at('2026-06-15T11:59:59Z') }),
        ),
      )
    expect(await found({ beside: [unable, expired, ...(await lapsed(2)), good] })).toBe(1)
    expect(await found({ beside: [expired, ...(await lapsed(3)), good] })).toBe(0)
  })
})

describe('a signer has a verified way to the anchor of the path', () => {
  const critical = { odd: extension('1.2.3', octets(5, 0), 'critical') }
  const ended = { notAfter: at('2026-06-15T11:59:59Z') }
  const noSigning = { keyUsage: keyUsage('cRLSign') }

  test.each<{ title: string; signer?: Overrides; ca?: Overrides; says: number }>([
    { title: 'all is well', says: 1 },
    { title: 'the signer has ended', signer: ended, says: 0 },
    { title: 'it has an unknown critical extension', signer: { extensions: critical }, says: 0 },
    { title: 'the CA above it has ended', ca: ended, says: 0 },
    { title: 'the CA has an unknown critical extension', ca: { extensions: critical }, says: 0 },
    { title: 'the CA is none', ca: { extensions: { basicConstraints: undefined } }, says: 0 },
    { title: 'the CA may not certify', ca: { extensions: noSigning }, says: 0 },
    { title: 'another key has signed it', signer: { signedWith: keys }, says: 0 },
    { title: 'another key has signed the CA', ca: { signedWith: keys }, says: 0 },
  ])('$title: $says', async ({ signer, ca, says }) => {
    const above = await issueCa(root, { subject: 'Above', ...ca })
    expect(await found({ stored: [above], beside: [await signerOf(above, signer)] })).toBe(says)
  })

  test('an anchor need not say that it is a CA', async () => {
    const bare = await createCa({ extensions: { basicConstraints: undefined } })
    const leaf = await issue(bare)
    expect(await found({ path: [leaf, bare], beside: [await signerOf(bare)] })).toBe(1)
  })

  test('of several CAs of one name that one is found which has certified it', async () => {
    const [first, second] = [
      await issueCa(root, { subject: 'Above', serial: [1] }),
      await issueCa(root, { subject: 'Above', serial: [2] }),
    ]
    const signer = await signerOf(second)
    for (const stored of [
      [first, second],
      [second, first],
    ]) {
      expect(await found({ stored, beside: [signer] })).toBe(1)
    }
  })

  test('of several ways up that one is found which leads to the anchor', async () => {
    const stranger = await createCa({ subject: 'Stranger' })
    const above = { subject: 'Above', keys: await newKeys() }
    const [dead, live] = [await issueCa(stranger, above), await issueCa(root, above)]
    const signer = await signerOf(live)
    expect(await found({ stored: [dead, live], beside: [signer] })).toBe(1)
    expect(await found({ stored: [live, dead], beside: [signer] })).toBe(1)
    expect(await found({ stored: [dead], beside: [signer] })).toBe(0)
  })
})

/** CAs one below the other under an issuer, the lowest last. */
async function tower(issuer: Entity, height: number) {
  const cas: Entity[] = []
  for (let storey = 1; storey <= height; storey += 1) {
    cas.push(await issueCa(cas.at(-1) ?? issuer, { subject: `Storey ${storey}` }))
  }
  return { cas, lowest: cas.at(-1) ?? issuer }
}

describe('how far the signer may stand from the path', () => {
  test.each([
    { height: 0, says: 1 },
    { height: 3, says: 1 },
    { height: 4, says: 0 },
  ])('$height CAs between it and the anchor: $says', async ({ height, says }) => {
    const { cas, lowest } = await tower(root, height)
    expect(await found({ stored: cas, beside: [await signerOf(lowest)] })).toBe(says)
  })

  test('CAs that certify each other are no way up', async () => {
    const [a, b] = [await newKeys(), await newKeys()]
    const first = await issueCa({ ...issuing, name: name('B'), keys: b }, { subject: 'A', keys: a })
    const second = await issueCa(
      { ...issuing, name: name('A'), keys: a },
      { subject: 'B', keys: b },
    )
    expect(await found({ stored: [first, second], beside: [await signerOf(first)] })).toBe(0)
  })
})

const lengthOf = (pathLength: number): Extensions => ({
  basicConstraints: basicConstraints(pathLength),
})

describe('path lengths bind on the way to a signer (RFC 5280 6.1.4 (l) and (m))', () => {
  test.each([
    { height: 0, pathLength: 0, says: 1 },
    { height: 1, pathLength: 0, says: 0 },
    { height: 1, pathLength: 1, says: 1 },
    { height: 2, pathLength: 1, says: 0 },
    { height: 2, pathLength: 2, says: 1 },
  ])('$height CAs below one that allows $pathLength: $says', async (row) => {
    const { height, pathLength, says } = row
    const limited = await issueCa(root, { subject: 'Limited', extensions: lengthOf(pathLength) })
    const { cas, lowest } = await tower(limited, height)
    const signer = await signerOf(lowest)
    expect(await found({ stored: [limited, ...cas], beside: [signer] })).toBe(says)
    const path = [await issue(limited), limited, root]
    expect(await found({ path, stored: cas, beside: [signer] })).toBe(says)
  })

  test('an anchor’s own', async () => {
    const limited = await createCa({ extensions: lengthOf(0) })
    const { cas, lowest } = await tower(limited, 1)
    const path = [await issue(limited), limited]
    expect(await found({ path, stored: cas, beside: [await signerOf(lowest)] })).toBe(0)
    expect(await found({ path, stored: cas, beside: [await signerOf(limited)] })).toBe(1)
  })

  test('those of CAs above the one where the signer’s way meets the path', async () => {
    const upper = await issueCa(root, { subject: 'Upper', extensions: lengthOf(1) })
    const lower = await issueCa(upper, { subject: 'Lower' })
    const path = [await issue(lower), lower, upper, root]
    expect(await found({ path, beside: [await signerOf(lower)] })).toBe(1)
    const { cas, lowest } = await tower(lower, 1)
    expect(await found({ path, stored: cas, beside: [await signerOf(lowest)] })).toBe(0)
    expect(await found({ path, wanted: 'Lower' })).toBe(1)
  })
})

describe('name constraints bind on the way to a signer (RFC 5280 6.1.4 (g))', () => {
  const excluded = { constraints: nameConstraints({ excluded: [explicit(4, name('Lists'))] }) }

  test.each([
    { title: 'the CA that certified it', of: 'lower', says: 0 },
    { title: 'the CA above that one', of: 'upper', says: 0 },
    { title: 'nobody', of: 'none', says: 1 },
  ])('$title excludes its name: $says', async ({ of, says }) => {
    const upper = await issueCa(root, {
      subject: 'Upper',
      extensions: of === 'upper' ? excluded : {},
    })
    const lower = await issueCa(upper, {
      subject: 'Lower',
      extensions: of === 'lower' ? excluded : {},
    })
    const beside = [await signerOf(lower)]
    const path = [await issue(lower), lower, upper, root]
    expect(await found({ path, beside })).toBe(says)
    expect(await found({ stored: [lower, upper], beside })).toBe(says)
  })

  test('an anchor excludes the name of a CA between it and the signer', async () => {
    const narrow = await createCa({
      extensions: {
        constraints: nameConstraints({ excluded: [explicit(4, name('Storey 1'))] }),
      },
    })
    const { cas, lowest } = await tower(narrow, 1)
    const path = [await issue(narrow), narrow]
    expect(await found({ path, stored: cas, beside: [await signerOf(lowest)] })).toBe(0)
    expect(await found({ path, stored: cas, beside: [await signerOf(narrow)] })).toBe(1)
  })
})

describe('what the search may spend is what is left of the decision', () => {
  test('signatures', async () => {
    const beside = [await signerOf(root)]
    expect(await found({ beside, budget: { signatures: 1 } })).toBe(1)
    const error = { code: 'budget_exhausted', budget: 'signatures' }
    expect(await found({ beside, budget: { signatures: 0 } })).toEqual(error)
    const above = await issueCa(root, { subject: 'Above' })
    const world = { stored: [above], beside: [await signerOf(above)] }
    expect(await found({ ...world, budget: { signatures: 2 } })).toBe(1)
    expect(await found({ ...world, budget: { signatures: 1 } })).toEqual(error)
  })

  test('comparisons of names with constraints', async () => {
    const permitted = { constraints: nameConstraints({ permitted: [context(2, octets(0x61))] }) }
    const narrow = await issueCa(root, { subject: 'Narrow', extensions: permitted })
    const names = { names: altNames(context(2, octets(0x61))) }
    const beside = [await signerOf(narrow, { extensions: names })]
    const path = [await issue(narrow), narrow, root]
    expect(await found({ path, beside })).toBe(1)
    const error = { code: 'budget_exhausted', budget: 'comparisons' }
    expect(await found({ path, beside, budget: { comparisons: 0 } })).toMatchObject(error)
    expect(await found({ stored: [narrow], beside, budget: { comparisons: 0 } })).toMatchObject(
      error,
    )
  })
})
