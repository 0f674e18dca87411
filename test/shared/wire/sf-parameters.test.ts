import { expect, test } from 'vitest'
import { skipParameters } from '#shared/wire/sf-parameters.ts'

/** Texts that are parameters and nothing else (RFC 9651 3.1.2). */
const whole = [
  '',
  ';a',
  ';  a',
  ';*a_-.*9',
  ';a;b;a',
  ';a=1',
  ';a=-42',
  ';a=999999999999999',
  ';a=1.25',
  ';a=-999999999999.999',
  ';a=""',
  String.raw`;a="x \" \\ y"`,
  ';a=spiffe/client',
  ';a=*t:o/k!',
  ';a=:AQI=:',
  ';a=::',
  ';a=?0;b=?1',
  ';a=@1659578233',
  ';a=%"f%c3%bc"',
]

test.each(whole)('%s', (text) => {
  expect(skipParameters(`x${text}`, 1)).toBe(1 + text.length)
})

/** How much of a text is parameters; the rest is for the caller to refuse. */
const partly = [
  { text: ' ;a', read: 0 },
  { text: ';', read: 0 },
  { text: ';A', read: 0 },
  { text: ';1', read: 0 },
  { text: '; \ta', read: 0 },
  { text: ';a ;b', read: 2 },
  { text: ';a=', read: 2 },
  { text: ';a=1000000000000000', read: 2 },
  { text: ';a=1.2345', read: 2 },
  { text: ';a=1.', read: 2 },
  { text: ';a="open', read: 2 },
  { text: ';a="ü"', read: 2 },
  { text: String.raw`;a="\x"`, read: 2 },
  { text: ';a=?2', read: 2 },
  { text: ';a=:not base64:', read: 2 },
  { text: ';a=(1 2)', read: 2 },
  { text: ';a=@1.5', read: 2 },
  { text: ';a=%"%C3"', read: 2 },
  { text: ';:MAA=:', read: 0 },
  { text: ';a=1,', read: 4 },
]

test.each(partly)('$text: $read characters', ({ text, read }) => {
  expect(skipParameters(text, 0)).toBe(read)
})

test('the longest header costs no more than its length', () => {
  const text = ';a="'.padEnd(60_000, '\\\\')
  expect(skipParameters(text, 0)).toBe(2)
  expect(skipParameters(';a'.repeat(30_000), 0)).toBe(60_000)
})
