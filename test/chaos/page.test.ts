import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'revocation.md'), 'utf8')

/** Those that the page has a row for. */
const faults = ['C6', 'C7', 'C8', 'C9', ...Array.from({ length: 10 }, (_, nth) => `C${10 + nth}`)]
const others = ['C31', 'C32', 'C38', 'C40']

/** `path` "title": the title is a part of the name of a test in that file. */
const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(
  ([, path = '', title = '']) => ({ path, title }),
)

test('the page names tests', () => {
  expect(named.length).toBeGreaterThan(25)
})

test.each(named)('$path "$title" is there', ({ path, title }) => {
  expect(existsSync(join(root, path))).toBe(true)
  expect(readFileSync(join(root, path), 'utf8')).toContain(title)
})

test.each([...faults, ...others])('%s has a row that names its test', (fault) => {
  const row = page.split('\n').find((line) => line.startsWith(`| ${fault} `))
  expect(row).toContain('`test/')
})

/** Of the second table: of each server the column, and the file of tests. */
const columns = [
  ['nginx', 2],
  ['haproxy', 3],
  ['mosquitto', 4],
  ['openssl', 5],
] as const
const header = page.split('\n').findIndex((line) => /^\| fault +\| nginx /.test(line))
const following = page.split('\n').slice(header + 2)
const elsewhere = following
  .slice(0, following.indexOf(''))
  .map((row) => row.split('|').map((cell) => cell.trim()))

const numbersOf = (text: string): readonly string[] => text.match(/C\d+/g) ?? []

test.each(columns)(
  'every cell of %s is a test of its number, and every test has one',
  (name, at) => {
    const source = readFileSync(join(import.meta.dirname, `${name}.test.ts`), 'utf8')
    const tested = [...source.matchAll(/'(C[^']*?): /g)].flatMap(([, title = '']) =>
      numbersOf(title),
    )
    const told = elsewhere
      .filter((row) => row[at] !== '–')
      .flatMap(([, fault = '']) => numbersOf(fault))
    expect(tested.length).toBeGreaterThan(8)
    expect(new Set(told)).toEqual(new Set(tested))
  },
)
