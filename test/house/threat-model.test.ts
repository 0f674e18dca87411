import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'threat-model.md'), 'utf8')

/** `path` "title": the title is a part of the name of a test in that file. */
const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)`(?: "([^"]+)")?/g)].map(
  ([, path = '', title = '']) => ({ path, title }),
)

/** Names of tests, as they stand in the code, without the places where a table's values go. */
function titlesOf(path: string): string {
  const code = readFileSync(join(root, path), 'utf8')
  return [...code.matchAll(/(?:name: |\(\s*)(['`"])([^\n]*?)\1/g)]
    .map(([, , title]) => title)
    .join('\n')
}

test('the page names tests', () => {
  expect(named.length).toBeGreaterThan(50)
})

test.each(named)('$path "$title" is there', ({ path, title }) => {
  expect(existsSync(join(root, path))).toBe(true)
  expect(titlesOf(path)).toContain(title)
})

test('a row without a test is no row', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.split('|').length === 5)
  const threats = rows.filter((line) => !/^\| (?:threat|actor|-+) /.test(line))
  const actors = threats.filter((line) => !line.includes('.test.ts`'))
  // The actors are a table of three columns as well: as many of them as there are.
  expect(actors.map((line) => line.split('|')[1]?.trim())).toEqual([
    'stranger',
    'thief',
    'device of the fleet',
    'constrained CA',
    'neighbour',
    'disturber of updates',
    'reader of logs and metrics',
    'operator',
  ])
})
