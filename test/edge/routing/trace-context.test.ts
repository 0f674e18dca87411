import { describe, expect, test } from 'vitest'
import { writeTraceContext } from '#edge/routing/trace-context.ts'
import { instantFromIso } from '#shared/time.ts'

const now = instantFromIso('2027-01-01T00:00:00Z')
const counting = (count: number) => Uint8Array.from({ length: count }, (_, index) => index + 1)

function written(before: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(before)
  writeTraceContext(headers, now, counting)
  return headers
}

const own = '1-6b36ec80-0102030405060708090a0b0c'
const root = 'Root=1-67891233-abcdef012345678912345678'

describe('X-Amzn-Trace-Id, as ALB documents it', () => {
  test.each([
    ['none', '', `Root=${own}`],
    ['a root', root, `Self=${own};${root}`],
    ['a root and more', `${root};CalledFrom=app`, `Self=${own};${root};CalledFrom=app`],
    [
      'a self of the last hop',
      `Self=1-67891233-12456789abcdef0123456789;${root}`,
      `Self=${own};${root}`,
    ],
    ['more and no root', 'CalledFrom=app', `Root=${own};CalledFrom=app`],
    ['7 KB', `${root};A=${'a'.repeat(7 * 1024 - 43)}`, `Self=${own};${root};A=${'a'.repeat(7125)}`],
    ['more than 7 KB', `${root};A=${'a'.repeat(7 * 1024 - 42)}`, `Root=${own}`],
  ])('%s', (_, before, after) => {
    expect(written(before === '' ? {} : { 'x-amzn-trace-id': before }).get('x-amzn-trace-id')).toBe(
      after,
    )
  })
})

describe('W3C Trace Context', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const span = 'b7ad6b7169203331'
  const begun = '00-6b36ec800102030405060708090a0b0c-0d0e0f1011121314-00'

  test.each([
    [`00-${trace}-${span}-01`, true],
    [`cc-${trace}-${span}-01-what-the-future-will-be-like`, true],
    [`00-${trace}-${span}-01-more`, false],
    [`ff-${trace}-${span}-01`, false],
    [`00-${'0'.repeat(32)}-${span}-01`, false],
    [`00-${trace}-${'0'.repeat(16)}-01`, false],
    [`00-${trace.toUpperCase()}-${span}-01`, false],
    ['', false],
  ])('%s goes on: %s', (traceparent, goesOn) => {
    const headers = written({ traceparent, tracestate: 'a=b' })
    expect(headers.get('traceparent')).toBe(goesOn ? traceparent : begun)
    expect(headers.get('tracestate')).toBe(goesOn ? 'a=b' : null)
  })

  test('is begun with the same name in both spellings', () => {
    expect(written({}).get('traceparent')).toBe(begun)
  })
})
