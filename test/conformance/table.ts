import type { Parsed } from './parses.ts'
import { peers, type PeerFigures } from './peers.ts'
import type { Judged, Tier } from './paths.ts'
import type { Signature } from './signatures.ts'

/** Right of all, false accepts, false refusals: as PEERS.md writes them. */
export function tally(judged: readonly Pick<Judged, 'ours' | 'expect'>[]): string {
  const agreed = judged.filter(({ expect }) => expect !== undefined)
  const wrong = agreed.filter(({ ours, expect }) => ours !== expect)
  const accepts = wrong.filter(({ ours }) => ours === 'accept').length
  const right = agreed.length - wrong.length
  return `${right}/${agreed.length} (FA ${accepts} FR ${wrong.length - accepts})`
}

/**
 * One row a suite: the core tier with its own purposes and as a client's, the tiers of MUSTs and of
 * choices, then peers on the core tier. Behind the strict tier stands how many of its false accepts
 * the profile `conforming` leaves.
 */
export function suiteTable(
  suites: readonly string[],
  judged: readonly Judged[],
  figures: PeerFigures,
): string {
  const head = ['suite', 'core', 'core, client', 'strict', 'policy', 'dos', 'slowest', ...peers]
  const rows = suites.map((suite) => {
    const own = judged.filter((each) => each.suite === suite)
    const native = own.filter(({ profile }) => profile === 'native')
    return [
      suite,
      tally(native.filter(isOf('core'))),
      tally(own.filter((each) => each.isClient && isOf('core')(each))),
      strictCell(native.filter(isOf('strict'))),
      tally(native.filter(isOf('policy'))),
      String(native.filter(isOf('dos')).length),
      `${Math.max(0, ...own.map(({ ms }) => ms)).toFixed(0)} ms`,
      ...peers.map((peer) => figures.get(suite)?.get(peer) ?? '-'),
    ]
  })
  return layOut([head, ...rows])
}

function strictCell(judged: readonly Judged[]): string {
  const asked = judged.filter(({ underConforming }) => underConforming !== undefined)
  if (asked.length === 0) return tally(judged)
  const left = asked.filter(({ underConforming }) => underConforming === 'accept').length
  return `${tally(judged)}, conforming FA ${left}`
}

function isOf(tier: Tier): (judged: Judged) => boolean {
  return (judged) => judged.tier === tier
}

/** One row a suite of encodings. */
export function parseTable(parses: ReadonlyMap<string, readonly Parsed[]>): string {
  const head = ['parses', 'right', 'not agreed on: read', 'threw', 'slowest']
  return layOut([head, ...[...parses].map(([suite, parsed]) => parseRow(suite, parsed))])
}

function parseRow(suite: string, parsed: readonly Parsed[]): string[] {
  const split = parsed.filter(({ expect }) => expect === undefined)
  return [
    suite,
    tally(parsed),
    `${split.filter(({ ours }) => ours === 'accept').length}/${split.length}`,
    String(parsed.filter(({ threw }) => threw).length),
    `${Math.max(0, ...parsed.map(({ ms }) => ms)).toFixed(1)} ms`,
  ]
}

/** Right of all, and what keys or algorithms of the suite are none of ours. */
export function signatureLine(signatures: readonly Signature[]): string {
  const supported = signatures.filter(({ ours }) => ours !== 'unsupported')
  const verdicts = supported.map(({ ours, expect }) => ({
    ours: ours === 'invalid' ? ('reject' as const) : ('accept' as const),
    expect: verdictOf(expect),
  }))
  const rest = signatures.length - supported.length
  return `${tally(verdicts)}; ${rest} of keys or algorithms not taken`
}

function verdictOf(expect: Signature['expect']): 'accept' | 'reject' | undefined {
  if (expect === 'acceptable') return undefined
  return expect === 'valid' ? 'accept' : 'reject'
}

/** Columns as wide as their widest cell, two spaces apart. */
export function layOut(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
