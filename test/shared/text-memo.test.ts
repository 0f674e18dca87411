import { expect, test } from 'vitest'
import { rememberByText } from '#shared/text-memo.ts'

function counting(answer: (text: string) => string | undefined) {
  const asked: string[] = []
  const remembered = rememberByText(
    (text: string) => {
      asked.push(text)
      return answer(text)
    },
    { countMax: 10, weightMax: 10_000 },
  )
  return { remembered, asked }
}

const long = `${'a'.repeat(200)}b`

test('a text that comes again is answered from memory', () => {
  const { remembered, asked } = counting((text) => `of ${text.length}`)
  expect([remembered(long), remembered(`${'a'.repeat(200)}b`)]).toEqual(['of 201', 'of 201'])
  expect(asked).toHaveLength(1)
})

test.each([
  { name: 'one that differs behind the key', other: `${'a'.repeat(200)}c` },
  { name: 'one that differs before it', other: `c${'a'.repeat(199)}b` },
  { name: 'one that is longer in front', other: `a${long}` },
  { name: 'one shorter than the key', other: 'b' },
  { name: 'none', other: '' },
])('$name is another text', ({ other }) => {
  const { remembered } = counting((text) => text)
  expect(remembered(long)).toBe(long)
  expect(remembered(other)).toBe(other)
  expect(remembered(long)).toBe(long)
})

test('that there is no answer is found out anew', () => {
  const { remembered, asked } = counting(() => undefined)
  expect([remembered(long), remembered(long)]).toEqual([undefined, undefined])
  expect(asked).toHaveLength(2)
})
