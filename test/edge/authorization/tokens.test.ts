import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTokens, type FetchKeys, type Tokens } from '#edge/authorization/tokens.ts'
import { usualPlaces, type TokenRule } from '#shared/authorization/token-rule.ts'
import { instantFromIso } from '#shared/time.ts'

const issuer = 'https://id.example'
const now = instantFromIso('2027-01-01T00:00:00Z')
const atSeconds = now / 1000
const kid = 'k1'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
let ours: Pair
let others: Pair
let jwks: string

beforeAll(async () => {
  ours = await generateKeyPair('ES256', { extractable: true })
  others = await generateKeyPair('ES256', { extractable: true })
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(ours.publicKey)), kid, alg: 'ES256' }] })
})

const usual: JWTPayload = { iss: issuer, sub: 'depot-7', aud: 'fleet', exp: atSeconds + 300 }

/** A claim that is undefined is left out. */
const signed = (
  claims: Readonly<Record<string, unknown>> = {},
  { privateKey }: Pair = ours,
): Promise<string> =>
  new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)

const ruleOf = (changed: Partial<TokenRule> = {}): TokenRule => ({
  issuer,
  audiences: ['fleet'],
  keys: { kind: 'inline', jwks },
  places: usualPlaces,
  ...changed,
})

function tokensOf(rules: readonly TokenRule[] = [ruleOf()], fetchKeys?: FetchKeys): Tokens {
  const tokens = createTokens(rules, fetchKeys)
  if (!tokens.ok) throw new Error(tokens.error)
  return tokens.value
}

interface Borne {
  readonly headers?: Readonly<Record<string, string>>
  readonly params?: Readonly<Record<string, readonly string[]>>
  readonly cookies?: Readonly<Record<string, readonly string[]>>
}

const bearerOf = ({ headers, params, cookies }: Borne) => ({
  header: (name: string) => headers?.[name],
  params: (name: string) => params?.[name] ?? [],
  cookies: (name: string) => cookies?.[name] ?? [],
})

const bearing = (token: string): Borne => ({ headers: { authorization: `Bearer ${token}` } })

async function saysOf(borne: Borne, tokens = tokensOf()): Promise<unknown> {
  const claims = await tokens.claimsOf(bearerOf(borne), now)
  return claims.ok ? claims.value?.['sub'] : claims.error
}

describe('whose token a request bears', () => {
  test.each<readonly [name: string, borne: () => Promise<Borne>, says: unknown]>([
    ['nobody’s', async () => ({}), undefined],
    ['another scheme’s', async () => ({ headers: { authorization: 'Basic abc' } }), undefined],
    ['its subject’s', async () => bearing(await signed()), 'depot-7'],
    [
      'its subject’s, by the query',
      async () => ({ params: { access_token: [await signed()] } }),
      'depot-7',
    ],
    [
      'the same in both places',
      async () => {
        const token = await signed()
        return { ...bearing(token), params: { access_token: [token, token] } }
      },
      'depot-7',
    ],
    [
      'of one audience among others',
      async () => bearing(await signed({ aud: ['x', 'fleet'] })),
      'depot-7',
    ],
    [
      'of a clock a minute ahead',
      async () => bearing(await signed({ nbf: atSeconds + 59 })),
      'depot-7',
    ],
  ])('%s', async (_name, borne, says) => {
    expect(await saysOf(await borne())).toBe(says)
  })
})

const unsecured = () => new UnsecuredJWT(usual).encode()
const bySecret = () =>
  new SignJWT(usual).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(jwks))

describe('a token that is refused', () => {
  test.each<readonly [name: string, token: () => Promise<string> | string]>([
    ['of another key', () => signed({}, others)],
    ['of another issuer', () => signed({ iss: 'https://other.example' })],
    ['of no issuer', async () => signed({ iss: undefined })],
    ['of another audience', () => signed({ aud: 'shop' })],
    ['of no audience', async () => signed({ aud: undefined })],
    ['that ended', () => signed({ exp: atSeconds - 61 })],
    ['that has not begun', () => signed({ nbf: atSeconds + 61 })],
    ['without a signature', unsecured],
    ['signed with what everybody knows', bySecret],
    ['with one octet changed', async () => (await signed()).replace(/.{5}$/, 'AAAAA')],
    ['that is no token', () => 'abc'],
    ['that is empty', () => ''],
    ['beyond the bound', () => signed({ note: 'x'.repeat(16 * 1024) })],
  ])('%s', async (_name, token) => {
    expect(await saysOf(bearing(await token()))).toBe('token_invalid')
  })

  test('beside another one', async () => {
    const params = { access_token: [await signed({ sub: 'depot-8' })] }
    expect(await saysOf({ ...bearing(await signed()), params })).toBe('token_invalid')
  })

  test('twice in one place, where the target may take the other', async () => {
    const params = { access_token: [await signed(), await signed({ sub: 'depot-8' })] }
    expect(await saysOf({ params })).toBe('token_invalid')
  })

  test('in a place where its issuer’s do not stand', async () => {
    const rules = [
      ruleOf({ places: [{ kind: 'cookie', name: 'token' }] }),
      ruleOf({ issuer: 'https://other.example' }),
    ]
    const tokens = tokensOf(rules)
    expect(await saysOf({ cookies: { token: [await signed()] } }, tokens)).toBe('depot-7')
    expect(await saysOf(bearing(await signed()), tokens)).toBe('token_invalid')
  })
})

const atAddress = ruleOf({ keys: { kind: 'address', url: 'https://id.example/keys' } })

describe('keys at an address', () => {
  test('are fetched once', async () => {
    const asked: string[] = []
    const tokens = tokensOf([atAddress], async (address) => {
      asked.push(address)
      return new Response(jwks)
    })
    const borne = bearing(await signed())
    expect([await saysOf(borne, tokens), await saysOf(borne, tokens)]).toEqual([
      'depot-7',
      'depot-7',
    ])
    expect(asked).toEqual(['https://id.example/keys'])
  })

  test.each<readonly [name: string, answer: FetchKeys]>([
    ['nobody answers', () => Promise.reject(new TypeError('fetch failed'))],
    ['an error answers', async () => new Response('', { status: 500 })],
    ['a page answers', async () => new Response('<html>')],
    ['no set of keys answers', async () => new Response('{}')],
  ])('%s: nobody knows, and nobody is let in', async (_name, answer) => {
    const says = await saysOf(bearing(await signed()), tokensOf([atAddress], answer))
    expect(says).toBe('token_keys_unavailable')
  })

  test('a name of a key that is not among them is nobody’s', async () => {
    const tokens = tokensOf([atAddress], async () => new Response('{"keys":[]}'))
    expect(await saysOf(bearing(await signed()), tokens)).toBe('token_invalid')
  })
})

test.each([
  ['no JSON', 'keys'],
  ['no set', '{}'],
  ['a private key', '{"keys":[{"kty":"EC","d":"x"}]}'],
  ['a secret of both sides', '{"keys":[{"kty":"oct","k":"tell-no-one"}]}'],
])('keys that are refused: %s', (_name, text) => {
  const tokens = createTokens([ruleOf({ keys: { kind: 'inline', jwks: text } })])
  expect(tokens).toEqual({
    ok: false,
    error: 'the keys of rule 0: expected a JWK Set of public keys',
  })
})
