import { peers, type PeerFigures } from './peers.ts'
import type { Judged } from './paths.ts'

/** Right of all, false accepts, false refusals: as PEERS.md writes them. */
export function tally(judged: readonly Judged[]): string {
  const wrong = judged.filter(({ ours, expect }) => ours !== expect)
  const accepts = wrong.filter(({ ours }) => ours === 'accept').length
  const right = judged.length - wrong.length
  return `${right}/${judged.length} (FA ${accepts} FR ${wrong.length - accepts})`
}

/** One row a suite: the core tier with its own purposes and as a client's, the other tiers, then peers. */
export function suiteTable(
  suites: readonly string[],
  judged: readonly Judged[],
  figures: PeerFigures,
): string {
  const head = ['suite', 'core', 'core, client', 'other tiers', 'slowest', ...peers]
  const rows = suites.map((suite) => {
    const own = judged.filter((each) => each.suite === suite)
    const native = own.filter(({ profile }) => profile === 'native')
    return [
      suite,
      tally(native.filter(isCore)),
      tally(own.filter((each) => each.isClient && isCore(each))),
      tally(native.filter((each) => !isCore(each) && each.tier !== 'dos')),
      `${Math.max(0, ...own.map(({ ms }) => ms)).toFixed(0)} ms`,
      ...peers.map((peer) => figures.get(suite)?.get(peer) ?? '-'),
    ]
  })
  return layOut([head, ...rows])
}

function isCore({ tier }: Judged): boolean {
  return tier === 'core'
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
