import { expect, test } from 'vitest'
import { parseXfcc, xfccLengthMax, type XfccElement } from '#shared/wire/xfcc.ts'

const empty: XfccElement = {
  by: [],
  hash: undefined,
  cert: undefined,
  chain: undefined,
  subject: undefined,
  uris: [],
  dns: [],
}

const read: readonly { name: string; text: string; elements: readonly Partial<XfccElement>[] }[] = [
  {
    name: 'a gateway of Istio',
    text: 'By=spiffe://cluster.local/ns/web/sa/web;Hash=0f;Subject="";URI=spiffe://cluster.local/ns/a/sa/b',
    elements: [
      {
        by: ['spiffe://cluster.local/ns/web/sa/web'],
        hash: '0f',
        subject: '',
        uris: ['spiffe://cluster.local/ns/a/sa/b'],
      },
    ],
  },
  {
    name: 'several names of a kind',
    text: 'By=a;By=b;URI=c;URI=d;DNS=e;DNS=f',
    elements: [{ by: ['a', 'b'], uris: ['c', 'd'], dns: ['e', 'f'] }],
  },
  {
    name: 'the sample of the documentation: a slash name with commas in quotes',
    text: 'By=http://frontend.lyft.com;Subject="/C=US/ST=CA/L=San Francisco, CA;x";DNS=lyft.com',
    elements: [
      {
        by: ['http://frontend.lyft.com'],
        subject: '/C=US/ST=CA/L=San Francisco, CA;x',
        dns: ['lyft.com'],
      },
    ],
  },
  { name: 'keys of either case', text: 'HASH=0f;cErT="x"', elements: [{ hash: '0f', cert: 'x' }] },
  {
    name: 'unquoted certificates',
    text: 'Cert=a%0A;Chain=b',
    elements: [{ cert: 'a%0A', chain: 'b' }],
  },
  { name: 'an = in a value', text: 'Hash=a=b', elements: [{ hash: 'a=b' }] },
  {
    name: 'empty names, as of certificates without any',
    text: 'By=;URI=;Hash=1',
    elements: [{ hash: '1' }],
  },
  { name: 'a key of a later day', text: 'Hash=1;New="x,y"', elements: [{ hash: '1' }] },
  {
    name: 'three elements',
    text: 'Hash=1,Hash=2,Hash=3',
    elements: [{ hash: '1' }, { hash: '2' }, { hash: '3' }],
  },
  {
    name: 'an escaped quote',
    text: String.raw`Subject="CN=a\"b"`,
    elements: [{ subject: String.raw`CN=a\"b` }],
  },
  {
    name: 'an escaped backslash before the closing quote',
    text: String.raw`Subject="CN=a\\";URI=b`,
    elements: [{ subject: String.raw`CN=a\\`, uris: ['b'] }],
  },
  {
    name: 'a quoted separator behind an escape',
    text: String.raw`Subject="CN=Doe\, John",Hash=2`,
    elements: [{ subject: String.raw`CN=Doe\, John` }, { hash: '2' }],
  },
]

test.each(read)('$name', ({ text, elements }) => {
  expect(parseXfcc(text)).toEqual({
    ok: true,
    value: elements.map((element) => ({ ...empty, ...element })),
  })
})

const refused = [
  { name: 'nothing', text: '', at: 0, expected: 'a key and =' },
  { name: 'a word', text: 'foobar', at: 0, expected: 'a key and =' },
  { name: 'no key of XFCC', text: 'foo=bar', at: 0, expected: 'a key of XFCC' },
  { name: 'the seam of a repeated header', text: 'Hash=1, Hash=2', at: 7, expected: 'a key and =' },
  { name: 'a space before a key', text: 'Hash=1; Cert=x', at: 7, expected: 'a key and =' },
  { name: 'an empty element', text: ',Hash=1', at: 0, expected: 'a key and =' },
  { name: 'a comma at the end', text: 'Hash=1,', at: 7, expected: 'a key and =' },
  { name: 'a semicolon at the end', text: 'Hash=1;', at: 7, expected: 'a key and =' },
  { name: 'two semicolons', text: 'Hash=1;;Cert=x', at: 7, expected: 'a key and =' },
  { name: 'an open quote', text: 'Subject="CN=a', at: 8, expected: 'a closing quote' },
  {
    name: 'an open quote behind a backslash',
    text: 'Subject="a\\"',
    at: 8,
    expected: 'a closing quote',
  },
  {
    name: 'text behind a quote',
    text: 'Cert="a"b',
    at: 8,
    expected: 'a semicolon, a comma or the end',
  },
  {
    name: 'a quote inside a bare value',
    text: 'URI=a"b"',
    at: 5,
    expected: 'a semicolon, a comma or the end',
  },
  // What a name in a certificate can do: Envoy escapes neither URI nor DNS.
  {
    name: 'a second Cert',
    text: 'Cert="a";URI=x;Cert="b"',
    at: 15,
    expected: 'cert once in an element',
  },
  {
    name: 'a second Hash',
    text: 'Hash=1;DNS=x;hash=2',
    at: 13,
    expected: 'hash once in an element',
  },
  { name: 'a second Chain', text: 'Chain=1;Chain=2', at: 8, expected: 'chain once in an element' },
  {
    name: 'a second Subject',
    text: 'Subject="";Subject=""',
    at: 11,
    expected: 'subject once in an element',
  },
  // A client's element in front may not swallow the one that a proxy appends.
  {
    name: 'an open quote in front',
    text: 'By=",Hash=1;Cert="x"',
    at: 18,
    expected: 'a semicolon, a comma or the end',
  },
  {
    name: 'an open quote in front of a bare element',
    text: 'By=",Hash=1',
    at: 3,
    expected: 'a closing quote',
  },
  {
    name: 'an open quote in front of an empty value',
    text: 'By=",Hash=1;Subject=""',
    at: 21,
    expected: 'a semicolon, a comma or the end',
  },
]

test.each(refused)('refuses $name', ({ text, at, expected }) => {
  expect(parseXfcc(text)).toEqual({ ok: false, error: { at, expected } })
})

test('the length is bounded', () => {
  const longest = 'Hash='.padEnd(xfccLengthMax, '0')
  expect(parseXfcc(longest).ok).toBe(true)
  expect(parseXfcc(`${longest}0`)).toEqual({
    ok: false,
    error: { at: xfccLengthMax, expected: 'at most 61440 characters' },
  })
})
