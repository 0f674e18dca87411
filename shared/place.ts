/*
 * Where memos look: numbers of what is long. No more than that: whoever finds something at a place
 * compares it whole.
 */

/** FNV-1a of 32 bits: where it begins. */
export const fnvStart = 0x811c_9dc5

/** The same with one octet, or one character, more. */
export const fnvWith = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x0100_0193)

/** 30 bits of it: what V8 holds without a heap object, with compressed pointers as well. */
export const placeOf = (hash: number): number => hash & 0x3fff_ffff

/** Places of texts that were met once: as many as a map of texts of certificates has entries. */
const metOnceMax = 1024

/**
 * Whether a place was met before, as far as is remembered: what comes once and never again is not worth
 * keeping. Whoever makes two keys meet in one place costs the other its memory, and nothing else.
 */
export function createMetBefore(): (place: number) => boolean {
  const met = new Uint32Array(metOnceMax)
  return (place) => {
    const slot = place % metOnceMax
    const isMet = met[slot] === place
    met[slot] = place
    return isMet
  }
}
