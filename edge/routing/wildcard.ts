/**
 * Whether the whole of `text` matches ALB's wildcards: `*` stands for any characters, none included,
 * `?` for exactly one, all else for itself ("Condition types for listener rules", Application Load
 * Balancers user guide). Case counts: who wants it not to folds both.
 *
 * Greedy with one place to come back to: a later `*` makes every choice of an earlier one moot, so
 * the work is at most the product of the two lengths, and no pattern makes it exponential.
 *
 * @param pattern a text, in which no character is escaped; or its characters, in which `\*` and `\?`
 *   stand for themselves
 */
export function matchesWildcard(pattern: string | readonly string[], text: string): boolean {
  const wanted = Array.from(pattern, wantedOf)
  let at = 0
  let reached = 0
  /** Behind the last `*`, and how far it has swallowed; -1 before the first. */
  let star = -1
  let swallowed = 0
  while (reached < text.length) {
    const expected = wanted[at]
    if (expected === anyNumber) {
      at += 1
      star = at
      swallowed = reached
    } else if (expected === anyOne || expected === text.charCodeAt(reached)) {
      at += 1
      reached += 1
    } else if (star !== -1) {
      swallowed += 1
      at = star
      reached = swallowed
    } else return false
  }
  return wanted.slice(at).every((rest) => rest === anyNumber)
}

const anyNumber = -1
const anyOne = -2

/** Numbers are compared faster than texts: with the longest paths that is most of the work. */
function wantedOf(character: string): number {
  if (character === '*') return anyNumber
  if (character === '?') return anyOne
  return character.charCodeAt(character.length - 1)
}
