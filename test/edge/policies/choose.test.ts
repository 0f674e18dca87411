import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { choosePolicy, decidesAnywhere } from '#edge/policies/choose.ts'
import { normalisePath } from '#shared/authorization/normalise-path.ts'
import { listenerOf } from '../stage.ts'

const POLICIES = JSON.stringify([
  { name: 'admin', paths: ['/admin', '/admin/*'] },
  { name: 'open', paths: ['/open/*', '/'], mode: 'off' },
  { name: 'cdn', hosts: ['*.cdn.example'], paths: ['/img/*'], mode: 'off' },
])
const listener = await listenerOf({ POLICIES })

const chosen = (path: string, host = 'edge.example') =>
  choosePolicy(listener, host, path).policyName

describe('first match, host and path both', () => {
  test.each([
    ['/admin', 'edge.example', 'admin'],
    ['/admin/', 'edge.example', 'admin'],
    ['/adminx', 'edge.example', 'verify'],
    ['/', 'edge.example', 'open'],
    ['/open', 'edge.example', 'verify'],
    ['/img/a', 'edge.example', 'verify'],
    ['/img/a', 'x.cdn.example', 'cdn'],
    ['/img/a', 'x.cdn.example.', 'cdn'],
    ['/img/a', 'x.cdn.example..', 'verify'],
    ['/img/a', '[::1]', 'verify'],
    ['/admin/img', 'x.cdn.example', 'admin'],
  ])('%s at %s: %s', (path, host, policy) => {
    expect(chosen(path, host)).toBe(policy)
  })
})

test.each([
  { variables: {}, decides: true },
  { variables: { MODE: 'off' }, decides: false },
  { variables: { MODE: 'passthrough' }, decides: false },
  { variables: { MODE: 'off', POLICIES }, decides: false },
  {
    variables: {
      MODE: 'off',
      POLICIES: JSON.stringify([{ name: 'a', paths: ['/'], mode: 'verify' }]),
    },
    decides: true,
  },
])('$variables decide: $decides', async ({ variables, decides }) => {
  expect(decidesAnywhere(await listenerOf(variables))).toBe(decides)
})

/** Pieces from which people build paths that two servers read differently. */
const pieces = '/ // \\ . .. ; %2e %2E %2f %5C %25 %61 %3b %20 a admin open dmin * ? : @ 2e'.split(
  ' ',
)
const piece = constantFrom(...pieces)

test.each(['base', 'merge_slashes', 'decode_and_merge_slashes'] as const)(
  '%s: whoever asks again with the path that was served is answered by the same policy',
  (to) => {
    let served = 0
    assert(
      property(array(piece, { maxLength: 12 }), (parts) => {
        // As a runtime hands it over, and as it goes on: see `chosen`.
        const url = new URL(`https://edge.example/${parts.join('')}`)
        const path = normalisePath(url.pathname, to)
        if (!path.ok) return
        served += 1
        url.pathname = path.value
        const again = normalisePath(new URL(url.href).pathname, to)
        expect(again).toEqual(path)
        expect(chosen(path.value)).toBe(chosen(new URL(url.href).pathname))
      }),
      { numRuns: 2000 },
    )
    expect(served).toBeGreaterThan(500)
  },
)
