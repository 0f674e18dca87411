import { pick, type Random } from '#simulator/random.ts'

/** A value of JSON, as requests are built of. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json }

/** What means something to somebody: an end of a range, a path, a statement, another type's words. */
const texts: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'null',
  'true',
  '[]',
  '../..',
  '/',
  '%2e%2e%2f',
  "' OR 1=1 --",
  '"; DROP TABLE changes; --',
  '__proto__',
  'constructor',
  'cars',
  'meters',
  'Cars',
  '-cars',
  'ca--rs',
  'f'.repeat(64),
  'F'.repeat(64),
  'a'.repeat(300),
  'A'.repeat(9000),
  '\0',
  '\n',
  'ä',
  '\ud800',
  '\u{1F600}',
  'http://127.0.0.1/',
  'http://169.254.169.254/latest',
  'file:///etc/passwd',
  'https://user:word@crl.example/x',
  'delete',
  'roll_back',
  'accept',
]

const numbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  2,
  0.5,
  1e21,
  -1e308,
  2 ** 31,
  2 ** 53,
  2 ** 53 + 2,
  Number.MAX_VALUE,
]

const leaves: readonly Json[] = [null, true, false, [], {}, [[]], ...numbers, ...texts]

/** Other keys that a strict form must not take, and those of other forms. */
const strangers: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'kind',
  'file',
  'lists',
  'limits',
  'by',
  'shrink',
  'removing',
  'ids',
  'epoch',
  '',
]

/** A valid value with one thing at one place of it otherwise. */
export function bendJson(value: Json, random: Random): Json {
  if (typeof value !== 'object' || value === null || random.next() < 0.15)
    return pick(random, leaves)
  return isList(value) ? bentList(value, random) : bentObject(value, random)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const replaced = (list: readonly Json[], at: number, by: Json): readonly Json[] =>
  list.map((each, index) => (index === at ? by : each))

function bentList(list: readonly Json[], random: Random): Json {
  const at = Math.floor(random.next() * list.length)
  switch (Math.floor(random.next() * 5)) {
    case 0:
      return []
    case 1:
      // One more than any of the forms takes, and more than most.
      return Array.from({ length: pick(random, [2, 31, 1001]) }, () => list[at] ?? null)
    case 2:
      return [...list, pick(random, leaves)]
    default:
      return replaced(list, at, bendJson(list[at] ?? null, random))
  }
}

function bentObject(value: { readonly [name: string]: Json }, random: Random): Json {
  const entries = Object.entries(value)
  if (entries.length === 0) return { [pick(random, strangers)]: pick(random, leaves) }
  const [name, inner] = pick(random, entries)
  const others = entries.filter(([each]) => each !== name)
  switch (Math.floor(random.next() * 6)) {
    case 0:
      return Object.fromEntries(others)
    case 1:
      return Object.fromEntries([...entries, [pick(random, strangers), pick(random, leaves)]])
    case 2:
      return Object.fromEntries([...others, [pick(random, strangers), inner]])
    default:
      return { ...value, [name]: bendJson(inner, random) }
  }
}

/** A text in place of another: one of those that mean something. */
export const strangeText = (random: Random): string => pick(random, texts)
