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

test('a text that comes again is kept, and answered from memory from then on', () => {
  const { remembered, asked } = counting((text) => `of ${text.length}`)
  const answers = [1, 2, 3, 4].map(() => remembered(`${'a'.repeat(200)}b`))
  expect(answers).toEqual(['of 201', 'of 201', 'of 201', 'of 201'])
  expect(asked).toHaveLength(2)
})

test('texts that come once push out none that came again', () => {
  const { remembered, asked } = counting((text) => text)
  const know = (): unknown => [remembered(long), remembered(long)]
  know()
  for (let nth = 0; nth < 1000; nth += 1) {
    remembered(`${'x'.repeat(14)}${String(nth).padStart(8, '0')}${'x'.repeat(40)}`)
  }
  asked.length = 0
  know()
  expect(asked).toEqual([])
})

test.each([
  { name: 'one that differs behind the key', other: `${'a'.repeat(200)}c` },
  { name: 'one that differs before it', other: `c${'a'.repeat(199)}b` },
  { name: 'one that is longer in front', other: `a${long}` },
  { name: 'one shorter than the key', other: 'b' },
  { name: 'none', other: '' },
])('$name is another text', ({ other }) => {
  const { remembered } = counting((text) => text)
  for (const text of [long, long, other, other, long, other]) expect(remembered(text)).toBe(text)
})

test('texts that begin their last 96 characters alike, as P-256 signatures do, are all kept', () => {
  const { remembered, asked } = counting((text) => text)
  const texts = ['k', 'l', 'm'].map(
    (rest) => `${'a'.repeat(200)}${'MEUCIQ'.repeat(3)}${rest.repeat(78)}`,
  )
  for (const text of [...texts, ...texts]) remembered(text)
  asked.length = 0
  for (const text of texts) remembered(text)
  expect(asked).toEqual([])
})

test('that there is no answer is found out anew', () => {
  const { remembered, asked } = counting(() => undefined)
  expect([remembered(long), remembered(long)]).toEqual([undefined, undefined])
  expect(asked).toHaveLength(2)
})
