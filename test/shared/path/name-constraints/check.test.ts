import { describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { strictPolicy, type AnchorRules } from '#shared/path/policy.ts'
import type { CandidatePath } from '#shared/path/candidate-path.ts'
import { checkNameConstraints } from '#shared/path/name-constraints/check.ts'
import { context, element, explicit, octets, sequence } from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import { nameOf } from '../../names.ts'
import {
  altNames,
  certificateOf,
  createCa,
  issue,
  issueCa,
  name,
  nameConstraints,
  type Entity,
  type Overrides,
  type Subtrees,
} from '../../pki.ts'

const keys = await newKeys()
const text = (number: number, value: string) => context(number, toUtf8(value))
const dns = (value: string) => text(2, value)
const otherName = explicit(0, octets(0x06, 0x01, 0x2a), explicit(0, octets(0x05, 0x00)))

const constrained = (subtrees: Subtrees) => ({
  keys,
  extensions: { constraints: nameConstraints(subtrees) },
})
const leafOf = (issuer: Entity, overrides: Overrides = {}) => issue(issuer, { keys, ...overrides })

function told(
  chain: readonly Entity[],
  anchor: Entity,
  comparisons = 1000,
  rules: AnchorRules = strictPolicy.anchor,
) {
  const [leaf, ...above] = chain.map(certificateOf)
  if (leaf === undefined) throw new Error('a path has a leaf')
  const certificate = certificateOf(anchor)
  const { subject, spki } = certificate
  const path: CandidatePath = {
    certificates: [leaf, ...above],
    anchor: { subject, spki, certificate },
  }
  const checked = checkNameConstraints(path, { ...freshBudget(), comparisons }, rules)
  return checked.ok ? 'ok' : checked.error
}

describe('names of a leaf under its CA', () => {
  test.each([
    { subtrees: { permitted: [dns('a.org')] }, names: [dns('x.a.org')], says: 'ok' },
    { subtrees: { permitted: [dns('a.org')] }, names: [dns('x.a.org'), dns('b.org')], says: 'dns' },
    { subtrees: { permitted: [dns('a.org'), dns('b.org')] }, names: [dns('b.org')], says: 'ok' },
    { subtrees: { permitted: [dns('a.org')] }, names: [text(1, 'car@b.org')], says: 'ok' },
    {
      subtrees: { permitted: [dns('a.org')], excluded: [dns('x.a.org')] },
      names: [dns('x.a.org')],
      says: 'dns',
    },
    { subtrees: { excluded: [dns('x.a.org')] }, names: [dns('*.a.org')], says: 'dns' },
    { subtrees: { excluded: [text(6, 'a.org')] }, names: [text(6, 'urn:a')], says: 'uri' },
    { subtrees: { permitted: [text(1, 'a.org')] }, names: [text(1, 'car@a.org')], says: 'ok' },
    {
      subtrees: { permitted: [context(7, new Uint8Array(8))] },
      names: [context(7, new Uint8Array(16))],
      says: 'ip',
    },
    { subtrees: { permitted: [otherName] }, names: [otherName], says: 'otherName' },
    { subtrees: { excluded: [otherName] }, names: [otherName], says: 'otherName' },
    { subtrees: { excluded: [otherName] }, names: [dns('a.org')], says: 'ok' },
    {
      subtrees: { excluded: [context(8, octets(0x2a))] },
      names: [context(8, octets(0x2b))],
      says: 'registeredID',
    },
    {
      subtrees: { excluded: [explicit(4, name('Bad'))] },
      names: [explicit(4, name('bad'))],
      says: 'directory',
    },
  ])('$says', async ({ subtrees, names, says }) => {
    const ca = await createCa(constrained(subtrees))
    const verdict = told([await leafOf(ca, { extensions: { names: altNames(...names) } })], ca)
    const expected = {
      code: 'name_constraint_violated',
      at: 0,
      constrainedBy: 1,
      form: says,
      name: 'any',
    }
    expect(verdict === 'ok' ? verdict : { ...verdict, name: 'any' }).toEqual(
      says === 'ok' ? 'ok' : expected,
    )
  })
})

describe('what is told of a name that lies outside', () => {
  const address = octets(192, 0, 2, 1)
  test.each([
    { form: 'dns', of: dns('b.org'), fact: 'b.org' },
    { form: 'ip', of: context(7, address), fact: address },
    { form: 'directory', of: explicit(4, name('b')), fact: name('b') },
    { form: 'otherName', of: otherName, fact: 'otherName' },
  ])('$form', async ({ form, of, fact }) => {
    const outside = [
      dns('a.org'),
      context(7, new Uint8Array(8).fill(255)),
      explicit(4, name('car-0001')),
    ]
    const ca = await createCa(constrained({ permitted: [...outside, otherName] }))
    const verdict = told([await leafOf(ca, { extensions: { names: altNames(of) } })], ca)
    expect(verdict).toMatchObject({ code: 'name_constraint_violated', form, name: fact })
  })
})

test('an anchor is a name and a key alone where its own constraints are ignored', async () => {
  const anchor = await createCa(constrained({ excluded: [dns('a.org')] }))
  const narrow = await issueCa(anchor, constrained({ excluded: [dns('a.org')] }))
  const ignoring = { ...strictPolicy.anchor, constraints: 'ignore' } as const
  const names = { extensions: { names: altNames(dns('a.org')) } }
  const direct = [await leafOf(anchor, names)]
  expect(told(direct, anchor)).toMatchObject({ constrainedBy: 1 })
  expect(told(direct, anchor, 1000, ignoring)).toBe('ok')
  const below = [await leafOf(narrow, names), narrow]
  expect(told(below, anchor, 1000, ignoring)).toMatchObject({ constrainedBy: 1 })
})

const mailbox = (host: string) => nameOf(['emailAddress', element(0x16, toUtf8(`car@${host}`))])

describe('the subject', () => {
  test.each([
    { name: 'inside', base: explicit(4, name('CAR')), subject: name('car'), says: 'ok' },
    { name: 'outside', base: explicit(4, name('bus')), subject: name('car'), says: 'directory' },
    { name: 'empty', base: explicit(4, name('bus')), subject: sequence(), says: 'ok' },
    { name: 'a mailbox inside', base: text(1, 'a.org'), subject: mailbox('a.org'), says: 'ok' },
    { name: 'a mailbox outside', base: text(1, 'a.org'), subject: mailbox('b.org'), says: 'email' },
    {
      name: 'a mailbox outside, where the alternatives have one inside',
      base: text(1, 'a.org'),
      subject: mailbox('b.org'),
      names: altNames(text(1, 'car@a.org')),
      says: 'email',
    },
  ])('$name: $says', async ({ base, subject, names, says }) => {
    const ca = await createCa(constrained({ permitted: [base] }))
    const leaf = await leafOf(ca, { parts: { subject }, extensions: { names } })
    const verdict = told([leaf], ca)
    expect(verdict === 'ok' ? verdict : 'form' in verdict && verdict.form).toBe(says)
  })
})

describe('along the path', () => {
  const leafNames = { names: altNames(dns('x.a.org')) }

  test('what each CA permits is intersected, whoever of them stands higher', async () => {
    const [wide, narrow] = [{ permitted: [dns('a.org')] }, { permitted: [dns('y.a.org')] }]
    for (const [above, below, by] of [
      [wide, narrow, 1],
      [narrow, wide, 2],
    ] as const) {
      const root = await createCa(constrained(above))
      const ca = await issueCa(root, constrained(below))
      const leaf = await leafOf(ca, { extensions: leafNames })
      expect(told([leaf, ca], root)).toMatchObject({ at: 0, constrainedBy: by, name: 'x.a.org' })
    }
  })

  test('a CA below is bound by its names as well', async () => {
    const root = await createCa(constrained({ excluded: [explicit(4, name('Issuing'))] }))
    const ca = await issueCa(root, { keys })
    expect(told([await leafOf(ca), ca], root)).toMatchObject({ at: 1, constrainedBy: 2 })
  })

  test('but not where it is self-issued; a self-issued leaf is', async () => {
    const root = await createCa(constrained({ excluded: [explicit(4, name('Root'))] }))
    const rollover = await issueCa(root, { keys, subject: 'ROOT' })
    expect(told([await leafOf(rollover), rollover], root)).toBe('ok')
    const leaf = await leafOf(root, { subject: 'Root' })
    expect(told([leaf], root)).toMatchObject({ at: 0, constrainedBy: 1 })
  })

  test.each([
    { comparisons: 4, says: 'ok' },
    { comparisons: 3, says: { code: 'budget_exhausted', budget: 'comparisons' } },
  ])('two names, two subtrees, $comparisons comparisons', async ({ comparisons, says }) => {
    const ca = await createCa(constrained({ permitted: [dns('a.org')], excluded: [dns('b.org')] }))
    const leaf = await leafOf(ca, { extensions: leafNames })
    expect(told([leaf], ca, comparisons)).toEqual(says)
  })
})

describe('hosts in the subject of a leaf that has no dNSName', () => {
  test.each([
    { subject: 'x.a.org', names: [], says: 'ok' },
    { subject: 'x.b.org', names: [], says: 'dns' },
    { subject: 'x.b.org', names: [text(6, 'urn:a')], says: 'dns' },
    { subject: 'x.b.org', names: [dns('x.a.org')], says: 'ok' },
    { subject: 'car-0001', names: [], says: 'ok' },
    { subject: 'car 0001.b.org', names: [], says: 'ok' },
    { subject: 'car-.b.org', names: [], says: 'ok' },
    { subject: '.b.org', names: [], says: 'ok' },
    { subject: 'x.b.org\0', names: [], says: 'dns' },
    { subject: 'x\0.a.org', names: [], says: 'dns' },
    { subject: 'x\0.b.org', names: [dns('x.a.org')], says: 'ok' },
  ])('$subject beside $names.length names: $says', async ({ subject, names, says }) => {
    const anchor = await createCa(constrained({ permitted: [dns('a.org')] }))
    const extensions = names.length === 0 ? {} : { names: altNames(...names) }
    const result = told([await leafOf(anchor, { subject, extensions })], anchor)
    const violated = { code: 'name_constraint_violated', at: 0, form: 'dns', name: subject }
    expect(result).toEqual(says === 'ok' ? 'ok' : { ...violated, constrainedBy: 1 })
  })

  test('a CA’s subject is the name of an organisation, and no host', async () => {
    const anchor = await createCa(constrained({ permitted: [dns('a.org')] }))
    const issuing = await issueCa(anchor, { keys, subject: 'ca.b.org' })
    expect(told([await leafOf(issuing), issuing], anchor)).toBe('ok')
  })
})
