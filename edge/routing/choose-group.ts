import { toUtf8 } from '#shared/bytes.ts'
import { fnvStart, fnvWith } from '#shared/place.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { ForwardAction, WeightedGroup } from './routing.ts'

/**
 * The group that a request goes to, each as often as its weight says. The same device meets the same
 * group as long as the weights stay: nothing is remembered, and every isolate chooses alike. Where
 * weights move, only those devices move that have to (rendezvous hashing with weights).
 *
 * @param device what names the device; without it, and without stickiness, chance decides
 * @returns a group's name; undefined where no weight is more than zero
 */
export function chooseGroup(
  { groups, stickiness }: ForwardAction,
  device: string | undefined,
  random: RandomOctets,
): string | undefined {
  const weighed = groups.filter(({ weight }) => weight > 0)
  if (weighed.length < 2) return weighed[0]?.name
  const key = stickiness === 'device' ? device : undefined
  const shares = weighed.map(({ name }) => (key === undefined ? drawn(random) : hashed(name, key)))
  return highest(weighed, shares)
}

/** Each group's score is -w / ln(u): the highest is group i in w_i of all cases. */
function highest(groups: readonly WeightedGroup[], shares: readonly number[]): string | undefined {
  let best: string | undefined
  let bestScore = 0
  for (const [index, { name, weight }] of groups.entries()) {
    const score = -weight / Math.log(shares[index] ?? 0)
    if (score > bestScore) [best, bestScore] = [name, score]
  }
  return best
}

/** Between 0 and 1, neither included: both have a logarithm below zero. */
const toShare = (word: number): number => ((word >>> 0) + 0.5) / 2 ** 32

const drawn = (random: RandomOctets): number =>
  toShare(new DataView(random(4).slice().buffer).getUint32(0))

/** FNV-1a, and the finaliser of MurmurHash3, without which similar names stay near each other. */
function hashed(group: string, device: string): number {
  let hash = fnvStart
  for (const octet of toUtf8(`${group}\n${device}`)) hash = fnvWith(hash, octet)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return toShare(hash ^ (hash >>> 16))
}
