import { stream, type Random } from '../random.ts'
import type { IdentityCache } from './scenario.ts'

/** What a cache from addresses to identities says at the end of the time in which nobody refreshed it. */
export interface IdentityCacheResult {
  readonly pods: number
  /** Pods of which it says anything but the truth: the two below together. */
  readonly stale: number
  /** Of them, pods at an address that it does not know. */
  readonly unknown: number
  /** Of them, pods that it takes for another pod: access in a wrong name. */
  readonly misidentified: number
}

/** An address that nobody has: in the cache, and in what is true. */
const nobody = -1

/**
 * Identity by address, told by a cache that is frozen for a while. In each interval a share of the
 * pods is replaced by new ones, at addresses of the free pool; the cache goes on saying who was
 * there. With identity in certificates the same pods would be right or not there yet: a certificate
 * says whose it is, wherever it comes from.
 *
 * @param seed draws who is replaced and which address is given out
 */
export function simulateIdentityCache(cache: IdentityCache, seed: number): IdentityCacheResult {
  const random = stream(seed, 'identity-cache')
  const { pods, spareRatio } = cache
  const addresses = Math.round(pods * (1 + spareRatio))
  const holders = Int32Array.from({ length: addresses }, (_, at) => (at < pods ? at : nobody))
  const cached = holders.slice()
  const addressOf = Int32Array.from({ length: pods }, (_, pod) => pod)
  const free = Array.from({ length: addresses - pods }, (_, index) => pods + index)
  let born = pods
  for (let round = 0; round < Math.floor(cache.forMs / cache.everyMs); round += 1) {
    const leaving = drawPods(random, pods, Math.round(pods * cache.churnRatio))
    for (const place of leaving) {
      const address = addressOf[place] ?? nobody
      holders[address] = nobody
      free.push(address)
    }
    for (const place of leaving) {
      const address = takeAddress(free, random, cache.reuse)
      holders[address] = born
      addressOf[place] = address
      born += 1
    }
  }
  return countStale(addressOf, holders, cached)
}

/** So many different places, each as likely as the other. */
function drawPods(random: Random, pods: number, count: number): ReadonlySet<number> {
  const drawn = new Set<number>()
  while (drawn.size < Math.min(count, pods)) drawn.add(Math.floor(random.next() * pods))
  return drawn
}

/** `oldest`: the address that has been free for longest; `random`: any that is free. */
function takeAddress(free: number[], random: Random, reuse: IdentityCache['reuse']): number {
  if (reuse === 'oldest') return free.shift() ?? nobody
  const index = Math.floor(random.next() * free.length)
  const [address = nobody, last = nobody] = [free[index], free.pop()]
  if (index < free.length) free[index] = last
  return address
}

function countStale(
  addressOf: Int32Array,
  holders: Int32Array,
  cached: Int32Array,
): IdentityCacheResult {
  let [unknown, misidentified] = [0, 0]
  for (const address of addressOf) {
    const said = cached[address] ?? nobody
    if (said === nobody) unknown += 1
    else if (said !== holders[address]) misidentified += 1
  }
  return { pods: addressOf.length, stale: unknown + misidentified, unknown, misidentified }
}
