import { expect, test } from 'vitest'
import { removeHopByHop, writeForwarded } from '#edge/routing/forwarded-headers.ts'

const requested = new URL('https://edge.example:8443/a')
const source = '192.0.2.1'

function written(
  facts: Partial<Parameters<typeof writeForwarded>[1]>,
  before: Readonly<Record<string, string>> = {},
): object {
  const headers = new Headers(before)
  writeForwarded(headers, { mode: 'append', source, entered: 'here', requested, ...facts })
  return Object.fromEntries(headers)
}

test.each([
  ['append', source, undefined, '192.0.2.1'],
  ['append', source, '6.6.6.6', '6.6.6.6, 192.0.2.1'],
  ['append', source, '6.6.6.6, 192.0.2.1', '6.6.6.6, 192.0.2.1'],
  ['append', source, '192.0.2.1, 6.6.6.6', '192.0.2.1, 6.6.6.6, 192.0.2.1'],
  ['append', undefined, '6.6.6.6', '6.6.6.6'],
  ['preserve', source, '6.6.6.6', '6.6.6.6'],
  ['preserve', source, undefined, undefined],
  ['remove', source, '6.6.6.6', undefined],
] as const)('X-Forwarded-For, %s of %s behind %s: %s', (mode, from, before, after) => {
  const headers = before === undefined ? {} : { 'x-forwarded-for': before }
  const told = new Headers(Object.entries(written({ mode, source: from }, headers)))
  expect(told.get('x-forwarded-for')).toBe(after ?? null)
})

const forged = {
  'x-forwarded-proto': 'gopher',
  'x-forwarded-port': '1',
  'x-forwarded-host': 'evil',
}

test('who is the first hop says how the client came', () => {
  expect(written({ source: undefined }, forged)).toEqual({
    'x-forwarded-host': 'edge.example:8443',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '8443',
  })
  const plain = { source: undefined, requested: new URL('http://edge.example/') }
  expect(written(plain)).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-port': '80' })
})

test("behind another one its word stands, all but the host's", () => {
  expect(written({ source: undefined, entered: 'before' }, forged)).toEqual({
    ...forged,
    'x-forwarded-host': 'edge.example:8443',
  })
})

test.each([
  [{ connection: 'close, X-Drop, a b', 'x-drop': '1', 'x-keep': '1' }, ['x-keep']],
  [{ 'keep-alive': 't', te: 'trailers', trailer: 'x', 'transfer-encoding': 'chunked' }, []],
  [{ 'proxy-connection': 'a', upgrade: 'h2c', connection: 'upgrade' }, []],
  [{ upgrade: 'WebSocket', connection: 'Upgrade' }, ['upgrade']],
])('hop by hop: %j leaves %j', (before, after) => {
  const headers = new Headers(before)
  removeHopByHop(headers)
  expect([...headers.keys()]).toEqual(after)
})
