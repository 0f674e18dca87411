import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalisePath } from '#shared/authorization/normalise-path.ts'
import { matchesPath, parsePathMatch } from '#shared/authorization/path-match.ts'

const seed = 20_261_122

const pathOf = (...segments: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...segments), { minLength: 1, maxLength: 6 })
    .map((each) => `/${each.join('/')}`)

/** What a template means, written as Envoy does: for templates of harmless texts alone. */
function expressionOf(template: string): RegExp {
  const parts = template.split(/(\{\*\*?\})/).map((part) => {
    if (part === '{*}') return '[^/]+'
    return part === '{**}' ? '.*' : part.replaceAll('.', String.raw`\.`)
  })
  return new RegExp(`^${parts.join('')}$`)
}

test(`templates match as Envoy’s expressions do, of seed ${seed}`, () => {
  const templates = pathOf('a', 'b', 'a.b', '', '{*}', '{**}').filter((text) => text.includes('{'))
  let compared = 0
  fc.assert(
    fc.property(templates, pathOf('a', 'b', 'c', 'a.b', 'axb', ''), (template, path) => {
      const match = parsePathMatch(template)
      if (!match.ok) return
      compared += 1
      expect(matchesPath(match.value, path)).toBe(expressionOf(template).test(path))
    }),
    { seed, numRuns: 3000 },
  )
  expect(compared).toBeGreaterThan(1000)
})

const awkward = pathOf('a', '.', '..', '', '%2e', '%2E%2e', '%41', '%2f', '\\', '%5c', '%25', '%7e')

test(`what is normal stays as it is, of seed ${seed}`, () => {
  const to = fc.constantFrom('none', 'base', 'merge_slashes', 'decode_and_merge_slashes' as const)
  fc.assert(
    fc.property(awkward, to, (path, normalisation) => {
      const once = normalisePath(path, normalisation)
      expect(once.ok && normalisePath(once.value, normalisation)).toEqual(once)
    }),
    { seed, numRuns: 2000 },
  )
})

test(`a path means the same before and after a URL has been made of it, of seed ${seed}`, () => {
  fc.assert(
    fc.property(awkward, (path) => {
      const url = new URL('http://a.example')
      url.pathname = path
      expect(normalisePath(url.pathname, 'base')).toEqual(normalisePath(path, 'base'))
    }),
    { seed, numRuns: 2000 },
  )
})
