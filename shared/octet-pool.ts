import type { Bytes } from './bytes.ts'

/** Copies octets, so that whoever lent them can write to theirs alone. */
export type OctetPool = (lent: Bytes) => Bytes

/** As Node's own pool: some ten certificates of P-256. */
const slabOctets = 8192

/** Longer ones would leave too much of a slab empty: they get memory of their own. */
const pooledMax = slabOctets / 4

/** Views begin at multiples of it, as `equalBytes` and WebCrypto like them best. */
const alignment = 8

/**
 * Copies side by side in slabs: memory of its own for each of some 700 octets costs 1.4 us in Node 24
 * and 0.7 in workerd, where a new leaf takes 5 without its signature; a view of a slab 0.3. A slab stays
 * for as long as one of its views, so at worst what is kept weighs a slab each: 4,000 paths
 * (path/path-cache.ts) 32 MB, where somebody sends junk between them all the while.
 */
export function createOctetPool(): OctetPool {
  let slab = new ArrayBuffer(slabOctets)
  let at = 0
  return (lent) => {
    const { length } = lent
    if (length > pooledMax) return lent.slice()
    if (at + length > slabOctets) {
      slab = new ArrayBuffer(slabOctets)
      at = 0
    }
    const copy = new Uint8Array(slab, at, length)
    copy.set(lent)
    at = (at + length + alignment - 1) & -alignment
    return copy
  }
}
