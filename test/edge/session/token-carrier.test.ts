import { describe, expect, test } from 'vitest'
import {
  carriedToken,
  clearedCookie,
  tokenLine,
  withoutToken,
} from '#edge/session/token-carrier.ts'

interface Row {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly carried: { readonly carrier: string; readonly token: string | undefined }
  /** What a target is left with. */
  readonly left: Readonly<Record<string, string>>
}

const none = { carrier: 'cookie', token: undefined }
const ours = '__Host-sallyport=v1.k.AA'

const rows: readonly Row[] = [
  { name: 'nothing', headers: {}, carried: none, left: {} },
  {
    name: 'the cookie',
    headers: { cookie: ours },
    carried: { carrier: 'cookie', token: 'v1.k.AA' },
    left: {},
  },
  {
    name: 'the cookie among others',
    headers: { cookie: `a=1; ${ours}; b=2` },
    carried: { carrier: 'cookie', token: 'v1.k.AA' },
    left: { cookie: 'a=1; b=2' },
  },
  {
    name: 'the cookie in front, and without a space behind',
    headers: { cookie: `${ours};b=2` },
    carried: { carrier: 'cookie', token: 'v1.k.AA' },
    left: { cookie: 'b=2' },
  },
  {
    name: 'the cookie twice: the first counts, both are taken away',
    headers: { cookie: `${ours}; __Host-sallyport =v1.k.BB` },
    carried: { carrier: 'cookie', token: 'v1.k.AA' },
    left: {},
  },
  {
    name: 'names that only look like it',
    headers: { cookie: '__host-sallyport=1; X__Host-sallyport=2; a=__Host-sallyport' },
    carried: none,
    left: { cookie: '__host-sallyport=1; X__Host-sallyport=2; a=__Host-sallyport' },
  },
  {
    name: 'the scheme with a token',
    headers: { authorization: 'Sallyport v1.k.AA' },
    carried: { carrier: 'authorization', token: 'v1.k.AA' },
    left: {},
  },
  {
    name: 'RFC 9110 11.1: in any case',
    headers: { authorization: 'sALLYPORT  v1.k.AA' },
    carried: { carrier: 'authorization', token: 'v1.k.AA' },
    left: {},
  },
  {
    name: 'the scheme alone',
    headers: { authorization: 'Sallyport' },
    carried: { carrier: 'authorization', token: undefined },
    left: {},
  },
  {
    name: 'both: the header counts',
    headers: { authorization: 'Sallyport v1.k.BB', cookie: ours },
    carried: { carrier: 'authorization', token: 'v1.k.BB' },
    left: {},
  },
  ...['Bearer v1.k.AA', 'Basic c2FsbHlwb3J0', 'Sallyports v1', 'Sallyport,Bearer x', 'sally'].map(
    (authorization) => ({
      name: `the application's own: ${authorization}`,
      headers: { authorization, cookie: ours },
      carried: { carrier: 'cookie', token: 'v1.k.AA' },
      left: { authorization },
    }),
  ),
]

test.each(rows)('$name', ({ headers, carried, left }) => {
  const given = new Headers(headers)
  expect(carriedToken(given)).toEqual(carried)
  expect(Object.fromEntries(withoutToken(given))).toEqual(left)
  expect(Object.fromEntries(given)).toEqual(headers)
})

describe('how a device is given one', () => {
  test.each([
    {
      carrier: 'cookie',
      line: ['set-cookie', '__Host-sallyport=v1.k.AA; Path=/; HttpOnly; Secure; SameSite=Strict'],
    },
    { carrier: 'authorization', line: ['authentication-info', 'session="v1.k.AA"'] },
  ] as const)('$carrier', ({ carrier, line }) => {
    expect(tokenLine(carrier, 'v1.k.AA')).toEqual(line)
  })

  test('and how it is taken away', () => {
    expect(clearedCookie).toBe(
      '__Host-sallyport=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    )
  })
})
