import { describe, expect, test } from 'vitest'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget, type Budget } from '#shared/path/budget.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import type { Result } from '#shared/result.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { context, explicit, octets, octetString, sequence } from '../der/writer.ts'
import { createCrl, entry } from '../crls.ts'
import { newKeys } from '../keys.ts'
import {
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
  purposes,
  serverAuth,
  type Entity,
} from '../pki.ts'
import { relyingParty, trust } from '../relying-party.ts'

type Trust = Parameters<typeof trust>[0]
type Built = Result<VerifiedPath, Rejection>

async function build(
  leaf: Entity,
  pool: readonly Entity[],
  trusted: Trust,
  budget: Budget = freshBudget(),
): Promise<Built> {
  const parties = { ...relyingParty(await trust(trusted)), budget }
  return buildVerifiedPath(certificateOf(leaf), pool.map(certificateOf), parties)
}

/** Which of these entities stand in the path, leaf first; or the reason why there is none. */
function told(
  built: Built,
  named: Readonly<Record<string, Entity>>,
): readonly (string | undefined)[] | Rejection {
  if (!built.ok) return built.error
  const nameOf = (der: Uint8Array) => Object.keys(named).find((key) => named[key]?.der === der)
  return built.value.certificates.map(({ der }) => nameOf(der))
}

const root = await createCa()
const upper = await issueCa(root, { subject: 'Upper' })
const lower = await issueCa(upper, { subject: 'Lower' })
const leaf = await issue(lower)
const anchors = [root]
const named = { root, upper, lower, leaf }
const whole = ['leaf', 'lower', 'upper']
const ended = at('2026-06-01T00:00:00Z')

describe('where the issuers come from', () => {
  test.each([
    { name: 'presented in order', pool: [lower, upper], intermediates: [] },
    { name: 'presented in the wrong order', pool: [upper, lower], intermediates: [] },
    { name: 'presented twice', pool: [lower, upper, lower, upper], intermediates: [] },
    {
      name: 'presented with the anchor and the leaf',
      pool: [root, lower, leaf, upper],
      intermediates: [],
    },
    { name: 'held by the trust store', pool: [], intermediates: [upper, lower] },
    { name: 'half presented, half held', pool: [upper], intermediates: [lower] },
    { name: 'presented and held', pool: [lower, upper], intermediates: [lower, upper] },
  ])('$name', async ({ pool, intermediates }) => {
    expect(told(await build(leaf, pool, { anchors, intermediates }), named)).toEqual(whole)
  })

  test('the anchor that ends the path is told', async () => {
    const built = await build(leaf, [lower, upper], { anchors })
    expect(built.ok && built.value.anchor.subject).toEqual(root.name)
  })

  test('a leaf right below the anchor', async () => {
    const direct = await issue(root)
    expect(told(await build(direct, [], { anchors }), { direct })).toEqual(['direct'])
  })

  test('an anchor in the middle makes the path shorter', async () => {
    const built = await build(leaf, [lower, upper], { anchors: [upper] })
    expect(told(built, named)).toEqual(['leaf', 'lower'])
  })

  test('a CA that nobody trusts does not become an anchor by being presented', async () => {
    const stranger = await createCa({ subject: 'Stranger' })
    const built = await build(await issue(stranger), [stranger], { anchors })
    expect(told(built, {})).toMatchObject({ code: 'untrusted' })
  })

  test.each([
    { name: 'nothing above the leaf', pool: [] },
    { name: 'a gap in the middle', pool: [lower] },
    { name: 'the upper part alone', pool: [upper] },
  ])('no path: $name', async ({ pool }) => {
    expect(told(await build(leaf, pool, { anchors }), named)).toMatchObject({ code: 'untrusted' })
  })

  test('no anchors at all', async () => {
    const answer = told(await build(leaf, [lower, upper], { anchors: [] }), named)
    expect(answer).toEqual({ code: 'untrusted', at: 2, issuer: root.name })
  })
})

describe('backtracking', () => {
  test('certificates that lead nowhere', async () => {
    const other = await createCa({ subject: 'Other' })
    const pool = [
      other,
      await issueCa(other, { subject: 'Astray' }),
      await issue(other),
      lower,
      upper,
    ]
    expect(told(await build(leaf, pool, { anchors }), named)).toEqual(whole)
  })

  test('an issuer of the same name and another key, in either order', async () => {
    const twin = await issueCa(upper, { subject: 'Lower' })
    for (const pool of [
      [twin, lower, upper],
      [lower, twin, upper],
    ]) {
      expect(told(await build(leaf, pool, { anchors }), named)).toEqual(whole)
    }
  })

  test('two anchors of the same name, one of which has the key', async () => {
    const twin = await createCa({ subject: 'Root' })
    for (const both of [
      [twin, root],
      [root, twin],
    ]) {
      const built = await build(leaf, [lower, upper], { anchors: both })
      expect(told(built, named)).toEqual(whole)
      expect(built.ok && built.value.anchor.spki).toEqual(root.keys.spki)
    }
  })

  test.each([
    { name: 'one that has ended', overrides: { notAfter: ended } },
    {
      name: 'one that may have no CA below',
      overrides: { extensions: { basicConstraints: basicConstraints(0) } },
    },
    { name: 'one that is no CA', overrides: { extensions: { basicConstraints: undefined } } },
    { name: 'one for servers', overrides: { extensions: { purposes: purposes(serverAuth) } } },
    {
      name: 'one whose name constraints exclude the leaf',
      overrides: {
        extensions: { odd: nameConstraints({ excluded: [explicit(4, name('car-0001'))] }) },
      },
    },
    { name: 'a forged one', overrides: { signedWith: lower.keys } },
  ])('an alternative for the same name and key: $name', async ({ overrides }) => {
    const alternative = await issueCa(root, { subject: 'Upper', keys: upper.keys, ...overrides })
    for (const pool of [
      [alternative, upper, lower],
      [upper, alternative, lower],
    ]) {
      expect(told(await build(leaf, pool, { anchors }), named)).toEqual(whole)
    }
  })

  test('a cross-certificate to another anchor, when the first anchor is not ours', async () => {
    const ours = await createCa({ subject: 'Ours' })
    const cross = await issueCa(ours, { subject: 'Root', keys: root.keys })
    const built = await build(leaf, [lower, upper, cross], { anchors: [ours] })
    expect(told(built, { ...named, cross })).toEqual([...whole, 'cross'])
  })

  test('a revoked way is left for one that is not', async () => {
    const ours = await createCa({ subject: 'Ours' })
    const revoked = await issueCa(root, { subject: 'Upper', keys: upper.keys, serial: [0x66] })
    const cross = await issueCa(ours, { subject: 'Upper', keys: upper.keys, serial: [0x67] })
    const crls = [
      await createCrl(root, { entries: [entry([0x66])] }),
      await createCrl(ours),
      await createCrl(upper),
      await createCrl(lower),
    ]
    const asking = relyingParty(await trust({ anchors: [root, ours], crls }), {
      policy: strictPolicy,
    })
    const pool = [revoked, cross, lower].map(certificateOf)
    const built = await buildVerifiedPath(certificateOf(leaf), pool, {
      ...asking,
      budget: freshBudget(),
    })
    expect(told(built, { ...named, cross })).toEqual(['leaf', 'lower', 'cross'])
  })
})

const withKeyId = (id: number) => extension('2.5.29.14', octetString(octets(id)))

const wants = (id: number) => extension('2.5.29.35', sequence(context(0, octets(id))))

describe('key identifiers order the search and decide nothing', () => {
  test('the issuer that the leaf points at is tried first', async () => {
    const strangers = await Promise.all(
      [1, 2, 3].map((id) => issueCa(root, { subject: 'Lower', extensions: { id: withKeyId(id) } })),
    )
    const right = await issueCa(root, { subject: 'Lower', extensions: { id: withKeyId(9) } })
    const pointing = await issue(right, { extensions: { wants: wants(9) } })
    const budget = freshBudget()
    const built = await build(pointing, [...strangers, right], { anchors }, budget)
    expect(built.ok).toBe(true)
    expect(freshBudget().signatures - budget.signatures).toBe(2)
  })

  test('an issuer without an identifier is tried before one with a wrong one', async () => {
    const wrong = await issueCa(root, { subject: 'Lower', extensions: { id: withKeyId(1) } })
    const silent = await issueCa(root, { subject: 'Lower' })
    const pointing = await issue(silent, { extensions: { wants: wants(9) } })
    const budget = freshBudget()
    expect((await build(pointing, [wrong, silent], { anchors }, budget)).ok).toBe(true)
    expect(freshBudget().signatures - budget.signatures).toBe(2)
  })

  test('the issuer that an intermediate points at is tried first', async () => {
    const strangers = await Promise.all(
      [1, 2].map((id) => issueCa(root, { subject: 'Upper', extensions: { id: withKeyId(id) } })),
    )
    const right = await issueCa(root, { subject: 'Upper', extensions: { id: withKeyId(9) } })
    const middle = await issueCa(right, { subject: 'Lower', extensions: { wants: wants(9) } })
    const budget = freshBudget()
    const pool = [middle, ...strangers, right]
    const device = await issue(middle, { extensions: { wants: wants(1) } })
    expect((await build(device, pool, { anchors }, budget)).ok).toBe(true)
    expect(freshBudget().signatures - budget.signatures).toBe(3)
  })

  test('a certificate that points at nobody takes any issuer', async () => {
    const right = await issueCa(root, { subject: 'Lower', extensions: { id: withKeyId(1) } })
    const stranger = await issueCa(root, { subject: 'Lower' })
    for (const pool of [
      [right, stranger],
      [stranger, right],
    ]) {
      expect((await build(await issue(right), pool, { anchors })).ok).toBe(true)
    }
  })

  test('an issuer that got its identifier wrong still is the issuer', async () => {
    const right = await issueCa(root, { subject: 'Lower', extensions: { id: withKeyId(1) } })
    const pointing = await issue(right, { extensions: { wants: wants(9) } })
    expect((await build(pointing, [right], { anchors })).ok).toBe(true)
  })
})

/** Roots that two bridges certify and that certify them, each bridge twice: once until some time ago. */
async function meshOf(roots: readonly Entity[], bridges: readonly Entity[]): Promise<Entity[]> {
  const pairs = roots.flatMap((own) => bridges.map((bridge) => [own, bridge] as const))
  const crossed = pairs.map(([own, bridge]) =>
    Promise.all([
      issueCa(own, { parts: { subject: bridge.name }, keys: bridge.keys, notAfter: ended }),
      issueCa(own, { parts: { subject: bridge.name }, keys: bridge.keys }),
      issueCa(bridge, { parts: { subject: own.name }, keys: own.keys }),
    ]),
  )
  return (await Promise.all(crossed)).flat()
}

describe('what speaks for an issuer', () => {
  test('in a mesh of 362 certificates the way to the anchor is found within the budget', async () => {
    const { keys } = root
    const numbers = Array.from({ length: 60 }, (_, number) => number)
    const roots = await Promise.all(
      numbers.map((number) => createCa({ subject: `Root ${number}`, keys })),
    )
    const bridges = await Promise.all([1, 2].map(() => createCa({ subject: 'Bridge' })))
    const [first = root, last = root] = [roots.at(3), roots.at(-1)]
    const issuing = await issueCa(first, { keys: lower.keys })
    const intermediates = [issuing, ...(await meshOf(roots, bridges))]
    const budget = freshBudget()
    const built = await build(await issue(issuing), [], { anchors: [last], intermediates }, budget)
    expect(built.ok && built.value.certificates).toHaveLength(4)
    expect(freshBudget().paths - budget.paths).toBeLessThan(20)
  })

  test.each([
    { name: 'is no CA', overrides: { extensions: { basicConstraints: undefined } } },
    { name: 'may not sign', overrides: { extensions: { keyUsage: keyUsage('cRLSign') } } },
    {
      name: 'has a critical extension that nobody knows',
      overrides: { extensions: { odd: extension('1.2.3', octets(5, 0), 'critical') } },
    },
    { name: 'ended before', overrides: { notAfter: ended } },
  ])('one that $name comes last', async ({ overrides }) => {
    const odd = await issueCa(root, { subject: 'Upper', keys: upper.keys, ...overrides })
    const budget = freshBudget()
    expect((await build(leaf, [odd, upper, lower], { anchors }, budget)).ok).toBe(true)
    expect(freshBudget().paths - budget.paths).toBe(3)
  })

  test('one that an anchor has issued comes before one that it has not', async () => {
    const other = await createCa({ subject: 'Other' })
    const cross = await issueCa(other, { subject: 'Upper', keys: upper.keys })
    const budget = freshBudget()
    expect((await build(leaf, [cross, upper, lower], { anchors }, budget)).ok).toBe(true)
    expect(freshBudget().paths - budget.paths).toBe(3)
  })
})

const twice = (issuer: Entity, subject: string, { keys }: Entity) =>
  Promise.all([1, 2].map((serial) => issueCa(issuer, { subject, keys, serial: [serial] })))

/** A certificate of one CA for the name and key of another. */
function crossCertify(issuer: Entity, { keys, name: subject }: Entity): Promise<Entity> {
  return issueCa(issuer, { keys, parts: { subject } })
}

describe('loops', () => {
  test('two CAs that certify each other, and nobody else', async () => {
    const [one, two] = [await createCa({ subject: 'One' }), await createCa({ subject: 'Two' })]
    const oneByTwo = await issueCa(two, { subject: 'One', keys: one.keys })
    const twoByOne = await issueCa(one, { subject: 'Two', keys: two.keys })
    const built = await build(await issue(one), [oneByTwo, twoByOne, one, two], { anchors })
    expect(told(built, {})).toMatchObject({ code: 'untrusted' })
  })

  test('two CAs that certify each other, one of them below the anchor', async () => {
    const [one, two] = [await createCa({ subject: 'One' }), await createCa({ subject: 'Two' })]
    const oneByTwo = await issueCa(two, { subject: 'One', keys: one.keys })
    const twoByOne = await issueCa(one, { subject: 'Two', keys: two.keys })
    const twoByRoot = await issueCa(root, { subject: 'Two', keys: two.keys })
    const device = await issue(one)
    const built = await build(device, [twoByOne, oneByTwo, twoByRoot], { anchors })
    expect(told(built, { device, oneByTwo, twoByRoot })).toEqual([
      'device',
      'oneByTwo',
      'twoByRoot',
    ])
  })

  test('a CA that has two certificates stands in a path once: name and key are the CA', async () => {
    const [one, two] = [await createCa({ subject: 'One' }), await createCa({ subject: 'Two' })]
    const pool = [...(await twice(two, 'One', one)), ...(await twice(one, 'Two', two))]
    const device = await issue(one)
    const paths = 2 + 2 * 2
    const enough = await build(device, pool, { anchors }, { ...freshBudget(), paths })
    expect(told(enough, {})).toMatchObject({ code: 'untrusted' })
    const fewer = await build(device, pool, { anchors }, { ...freshBudget(), paths: paths - 1 })
    expect(told(fewer, {})).toEqual({ code: 'budget_exhausted', budget: 'paths' })
  })

  test('a leaf never stands above itself, whichever certificate says so', async () => {
    const self = await createCa({ subject: 'Self' })
    const again = await createCa({ subject: 'Self', keys: self.keys, serial: [1] })
    const built = await build(self, [again], { anchors }, { ...freshBudget(), paths: 0 })
    expect(told(built, {})).toMatchObject({ code: 'untrusted', at: 0 })
  })

  test('CAs that certify each other, and of more than 200 ways the last one is right', async () => {
    const cas = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((subject) => createCa({ subject })))
    const [first = root, ...others] = cas
    const gate = await issueCa(root, {
      subject: 'Gate',
      extensions: { basicConstraints: basicConstraints(1) },
    })
    const mesh = others.flatMap((ca) =>
      [...others.filter((other) => other !== ca), gate].map((issuer) => crossCertify(issuer, ca)),
    )
    const ways = others.slice(1).map((issuer) => crossCertify(issuer, first))
    const last = await crossCertify(gate, first)
    const device = await issue(first)
    const pool = [...(await Promise.all([...mesh, ...ways])), last, gate]
    const built = await build(device, pool, { anchors })
    expect(told(built, { device, last, gate })).toEqual(['device', 'last', 'gate'])
  })

  test('a leaf that is named as its own issuer', async () => {
    const self = await createCa({ subject: 'Self' })
    expect(told(await build(self, [self], { anchors }), {})).toMatchObject({ code: 'untrusted' })
  })
})

/** So many CAs in a row below the root, the lowest last. */
async function row(count: number): Promise<readonly Entity[]> {
  const cas: Entity[] = []
  for (let depth = 0; depth < count; depth += 1) {
    cas.push(await issueCa(cas.at(-1) ?? root, { subject: `CA ${depth}` }))
  }
  return cas
}

describe('bounds', () => {
  test.each([
    { count: 0, limit: 0, ok: true },
    { count: 1, limit: 0, ok: false },
    { count: 3, limit: 3, ok: true },
    { count: 4, limit: 3, ok: false },
    { count: 6, limit: 6, ok: true },
    { count: 7, limit: 6, ok: false },
  ])('$count intermediates where $limit may be', async ({ count, limit, ok }) => {
    const cas = await row(count)
    const device = await issue(cas.at(-1) ?? root)
    const built = await build(device, cas, { anchors, limits: { intermediatesMax: limit } })
    const says = { code: 'chain_too_deep', found: limit + 1, limit }
    expect(built.ok ? 'ok' : built.error).toEqual(ok ? 'ok' : says)
  })

  test.each([
    { pathMax: 4, says: 'ok' },
    { pathMax: 3, says: { code: 'chain_too_deep', found: 4, limit: 3 } },
  ])('a path of 4 certificates where $pathMax may be, as OpenSSL counts', async (bound) => {
    const cas = await row(3)
    const device = await issue(cas.at(-1) ?? root)
    const built = await build(device, cas, { anchors, limits: { pathMax: bound.pathMax } })
    expect(built.ok ? 'ok' : built.error).toEqual(bound.says)
  })

  test.each([
    { pathMax: 4, isFound: true },
    { pathMax: 3, isFound: false },
  ])('a self-issued one counts: $pathMax may be, and there are 4', async ({ pathMax, isFound }) => {
    const self = await issueCa(lower, { parts: { subject: lower.name } })
    const limits = { pathMax, intermediatesMax: 2 }
    const built = await build(await issue(self), [self, lower, upper], { anchors, limits })
    expect(built.ok).toBe(isFound)
  })

  test('signatures: the last one that may be spent, and one too few', async () => {
    const enough: Budget = { signatures: 3, paths: 200, comparisons: 0 }
    expect((await build(leaf, [lower, upper], { anchors }, enough)).ok).toBe(true)
    expect(enough.signatures).toBe(0)
    const built = await build(
      leaf,
      [lower, upper],
      { anchors },
      { signatures: 2, paths: 200, comparisons: 0 },
    )
    expect(told(built, named)).toEqual({ code: 'budget_exhausted', budget: 'signatures' })
  })

  test('paths: the last one that may be tried, and one too few', async () => {
    const enough: Budget = { signatures: 24, paths: 3, comparisons: 0 }
    expect((await build(leaf, [lower, upper], { anchors }, enough)).ok).toBe(true)
    expect(enough.paths).toBe(0)
    const built = await build(
      leaf,
      [lower, upper],
      { anchors },
      { signatures: 24, paths: 2, comparisons: 0 },
    )
    expect(told(built, named)).toEqual({ code: 'budget_exhausted', budget: 'paths' })
  })

  test('certificates that all bear one name end the search, though none reaches an anchor', async () => {
    const unsigned = { ...root.keys, sign: async () => octets(0) }
    const same = await Promise.all(
      Array.from({ length: 10 }, async () =>
        createCa({ subject: 'Same', keys: await newKeys(), signedWith: unsigned }),
      ),
    )
    const device = await issue(same[0] ?? root)
    const built = await build(device, same, { anchors })
    expect(told(built, {})).toEqual({ code: 'budget_exhausted', budget: 'paths' })
  })

  test('twins at every level cost signatures, and the budget ends it', async () => {
    const levels = [root]
    const pool: Entity[] = []
    for (let depth = 0; depth < 5; depth += 1) {
      const issuer = levels.at(-1) ?? root
      const ca = await issueCa(issuer, { subject: `Level ${depth}` })
      const twins = [1, 2].map((serial) =>
        issueCa(issuer, { subject: `Level ${depth}`, serial: [serial] }),
      )
      pool.push(ca, ...(await Promise.all(twins)))
      levels.push(ca)
    }
    const budget = freshBudget()
    const forged = await issue(levels.at(-1) ?? root, { signedWith: await newKeys() })
    const built = await build(forged, pool, { anchors }, budget)
    expect(told(built, {})).toEqual({ code: 'budget_exhausted', budget: 'signatures' })
    expect(budget.signatures).toBe(0)
  })

  test('a signature that several ways have in common is verified once', async () => {
    const tops = [1, 2, 3].map((serial) =>
      issueCa(root, { subject: 'Upper', keys: upper.keys, serial: [serial] }),
    )
    const budget = freshBudget()
    const forged = await issue(lower, { signedWith: await newKeys() })
    const built = await build(forged, [lower, ...(await Promise.all(tops))], { anchors }, budget)
    expect(told(built, {})).toMatchObject({ code: 'signature_invalid', at: 0 })
    expect(freshBudget().signatures - budget.signatures).toBe(3 + 1 + 1)
  })

  test('a certificate that came twice is tried once', async () => {
    const budget = freshBudget()
    const forged = await issue(lower, { signedWith: await newKeys() })
    const trusted = { anchors, intermediates: [lower, upper] }
    const built = await build(forged, [lower, upper, lower, upper], trusted, budget)
    expect(told(built, {})).toMatchObject({ code: 'signature_invalid', at: 0 })
    expect(freshBudget().signatures - budget.signatures).toBe(3)
  })
})

const twin = (overrides: Parameters<typeof issueCa>[1]) =>
  issueCa(root, { subject: 'Issuing', ...overrides })

describe('of several ways that fail the most telling reason is told', () => {
  test('ended rather than forged, whichever comes first', async () => {
    const old = await twin({ notAfter: ended })
    const forged = await twin({ keys: old.keys, signedWith: old.keys })
    for (const pool of [
      [old, forged],
      [forged, old],
    ]) {
      const built = await build(await issue(old), pool, { anchors })
      expect(told(built, {})).toMatchObject({ code: 'expired', at: 1 })
    }
  })

  test('a way to an anchor says more than one that is too deep', async () => {
    const limits = { intermediatesMax: 1 }
    const cross = await issueCa(upper, { subject: 'Issuing' })
    const direct = await twin({ keys: cross.keys, extensions: { basicConstraints: undefined } })
    const built = await build(await issue(cross), [cross, upper, direct], { anchors, limits })
    expect(told(built, {})).toMatchObject({ code: 'not_a_ca', at: 1 })
  })

  test('no way at all says only that', async () => {
    const stranger = await createCa({ subject: 'Stranger' })
    const built = await build(await issue(stranger), [upper, lower], { anchors })
    expect(told(built, {})).toEqual({ code: 'untrusted', at: 0, issuer: stranger.name })
  })
})
