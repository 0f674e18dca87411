import { chance, pick, type Random } from '#simulator/random.ts'

const below = (random: Random, end: number) => Math.floor(random.next() * end)

/** What means something in a header, a PEM file, a token or a name's text. */
const tokens: readonly string[] = [
  '-----BEGIN CERTIFICATE-----',
  '-----END CERTIFICATE-----',
  '-----BEGIN X509 CRL-----',
  '-----BEGIN CERTIFICATE REQUEST-----',
  '-----',
  '\n',
  '\r\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '%0A',
  '%0a',
  '%00',
  '%',
  '%2',
  '%2B',
  '%25',
  '%C3%A4',
  '%u0041',
  '+',
  '/',
  '=',
  '==',
  '===',
  ':',
  '::',
  ',',
  ', ',
  ';',
  ';a=1',
  '"',
  '\\',
  '\\,',
  '#',
  '.',
  '..',
  'v1.',
  'CN=',
  'Hash=',
  'Cert="',
  'Chain=',
  'By=',
  'NotBefore=',
  'Z;',
  '2026-01-01T00:00:00Z',
  '-1',
  '00',
  'ä',
  '\u{1F600}',
  '\ud800',
  'a'.repeat(70),
  'A'.repeat(3000),
]

type TextMutation = (text: string, random: Random, donor: string) => string

const spliced = (text: string, from: number, to: number, between: string) =>
  `${text.slice(0, from)}${between}${text.slice(to)}`

const hexOf = (character: string) =>
  `%${character.charCodeAt(0).toString(16).padStart(2, '0').slice(-2)}`

const mutations: readonly TextMutation[] = [
  (text, random) => {
    const at = below(random, text.length + 1)
    return spliced(text, at, at, pick(random, tokens))
  },
  (text, random) => {
    const at = below(random, text.length + 1)
    return spliced(text, at, at + 1 + below(random, 8), pick(random, tokens))
  },
  (text, random) => {
    const at = below(random, text.length + 1)
    return spliced(text, at, at + 1 + below(random, 4), '')
  },
  (text, random) => text.slice(0, below(random, text.length + 1)),
  (text, random) => {
    const [from, length] = [below(random, text.length + 1), below(random, 100)]
    const part = text.slice(from, from + length)
    return spliced(text, from, from, part)
  },
  (text, random, donor) => {
    const at = below(random, text.length + 1)
    return text.slice(0, at) + donor.slice(below(random, donor.length + 1))
  },
  (text, _random, donor) => `${text}, ${donor}`,
  (text, _random, donor) => `${text}${donor}`,
  (text, random) => {
    const at = below(random, text.length)
    return spliced(text, at, at + 1, hexOf(text[at] ?? ' '))
  },
  (text) => encodeURIComponent(text.toWellFormed()).slice(0, 60_000),
  (text, random) => {
    const at = below(random, text.length)
    return spliced(text, at, at + 1, String.fromCharCode(below(random, 0x180)))
  },
  (text, random) => {
    const at = below(random, text.length)
    const character = text[at] ?? ''
    const other =
      character.toLowerCase() === character ? character.toUpperCase() : character.toLowerCase()
    return spliced(text, at, at + 1, other)
  },
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('%0A', '').replaceAll('\n', ''),
]

/** One to three changes to a text. */
export function mutateText(text: string, donor: string, random: Random): string {
  let bent = text
  do bent = pick(random, mutations)(bent, random, donor)
  while (chance(random, 0.45))
  return bent
}
