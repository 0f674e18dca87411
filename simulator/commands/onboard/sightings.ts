/** Words of 32 bits of one slot: 128 bits of a hash, whose it is, and the number of who came first. */
const slotWords = 6
const initialSlots = 1024

/**
 * What was seen before in a batch, by a hash: some 50 octets each however long names are, so that a
 * factory's million fits into 50 MB.
 */
export interface Sightings {
  /**
   * @param hash at least 16 octets of a cryptographic hash
   * @param owner what has to be the same for a second sighting to be no other’s; a number of 32 bits
   * @returns the number of an earlier sighting by another owner, from 1; undefined where there is none
   */
  see(hash: Uint8Array, owner: number): number | undefined
}

export function createSightings(): Sightings {
  let table = new Uint32Array(initialSlots * slotWords)
  let count = 0
  return {
    see(hash, owner) {
      if ((count + 1) * 2 * slotWords > table.length) table = grown(table)
      count += 1
      const words = wordsOf(hash)
      const at = slotOf(table, words)
      if (table[at + 5] === 0) {
        table.set([...words, owner, count], at)
        return undefined
      }
      return table[at + 4] === owner ? undefined : table[at + 5]
    },
  }
}

function wordsOf(hash: Uint8Array): Uint32Array {
  const words = new Uint32Array(4)
  for (let at = 0; at < 16; at += 1) {
    words[at >> 2] = ((words[at >> 2] ?? 0) << 8) | (hash[at] ?? 0)
  }
  return words
}

/** Where these words are, or the free slot where they belong: one after another from where they point. */
function slotOf(table: Uint32Array, words: Uint32Array): number {
  const slots = table.length / slotWords
  let slot = (words[0] ?? 0) % slots
  for (;;) {
    const at = slot * slotWords
    const isFree = table[at + 5] === 0
    if (isFree || words.every((word, nth) => table[at + nth] === word)) return at
    slot = (slot + 1) % slots
  }
}

function grown(table: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(table.length * 2)
  for (let at = 0; at < table.length; at += slotWords) {
    const slot = table.subarray(at, at + slotWords)
    if (slot[5] !== 0) larger.set(slot, slotOf(larger, slot.subarray(0, 4)))
  }
  return larger
}
