import { readFileSync } from 'node:fs'

/** The peers of the table, as the suites' PEERS.md names them. */
export const peers = ['openssl-3.5.7', 'go-1.24.4', 'pkijs-4.0.0', 'peculiar-x509-2.2.0'] as const

/** What peers make of the core tier with its own purposes: `243 (FA 0 FR 1)` by suite and peer. */
export type PeerFigures = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Reads the tables of the core tier, native purpose, out of PEERS.md. */
export function readPeerFigures(file: string): PeerFigures {
  const figures = new Map<string, Map<string, string>>()
  for (const section of readFileSync(file, 'utf8').split('\n## ')) {
    if (!section.startsWith('Core tier, native purpose')) continue
    const [head = [], , ...rows] = section
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map(cellsOf)
    for (const row of rows) addRow(figures, head, row)
  }
  return figures
}

function addRow(
  figures: Map<string, Map<string, string>>,
  head: readonly string[],
  [suite = '', ...cells]: readonly string[],
): void {
  const ofSuite = figures.get(suite) ?? new Map<string, string>()
  for (const [index, cell] of cells.entries()) ofSuite.set(head[index + 1] ?? '', cell)
  figures.set(suite, ofSuite)
}

function cellsOf(line: string): readonly string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}
