/**
 * The known word that `word` is most likely a slip of: at most a third of its letters away
 * (two in a short one), so that `tikc` finds `tick` and `banana` finds nothing.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3))
  const byDistance = known
    .map((candidate) => ({ candidate, away: distance(word, candidate) }))
    .toSorted((a, b) => a.away - b.away)
  const [best] = byDistance
  return best !== undefined && best.away <= limit ? best.candidate : undefined
}

/** How many letters must be put in, taken out or replaced to turn `a` into `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let index = 0; index < a.length; index += 1) {
    row = nextRow(row, index + 1, a.charAt(index), b)
  }
  return row.at(-1) ?? 0
}

function nextRow(above: readonly number[], first: number, letter: string, b: string): number[] {
  const row = [first]
  for (let column = 1; column <= b.length; column += 1) {
    const [left = 0, up = 0, corner = 0] = [row[column - 1], above[column], above[column - 1]]
    row.push(Math.min(left + 1, up + 1, corner + (b[column - 1] === letter ? 0 : 1)))
  }
  return row
}
