/**
 * Octets of the least entry there can be: a SEQUENCE of an INTEGER of one octet and a UTCTime.
 * It bounds how many entries a list of so many octets has.
 */
export const entryOctetsMin = 2 + 3 + 15

/** Where in a usual entry its serial's content starts, and how many octets are not of it. */
export const usualSerialAt = 4
export const usualOctetsBeside = 4 + 15

/**
 * Last days of the months that every year has, by their number; no month 0 has a day. The 29th of
 * February is left to the careful reader.
 */
const lastDays = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

/**
 * Where an entry ends that is `SEQUENCE { INTEGER, UTCTime }` in short lengths and faultless, as
 * nearly all are: the one tight loop over a list of a million. -1 wherever anything is otherwise,
 * faulty or merely rarer: `readCrlEntry` has the word on that. What is taken here it takes too
 * (RFC 5280 5.1.2.6; X.690 8.3.2 and 10.1; RFC 5280 4.1.2.5.1).
 *
 * @param at where the entry starts
 * @param end where the list of entries ends, within `view`
 */
export function usualEntryEnd(view: DataView, at: number, end: number): number {
  if (at + entryOctetsMin > end) return -1
  // 30 length 02 length, both lengths in their short form.
  const header = view.getUint32(at)
  if ((header & 0xff80ff80) !== 0x30000200) return -1
  const serialLength = header & 0x7f
  const entryEnd = at + 2 + ((header >>> 16) & 0x7f)
  if (entryEnd > end || entryEnd !== at + serialLength + usualOctetsBeside) return -1
  if (!isShortest(view, at + usualSerialAt, serialLength)) return -1
  return isUtcTime(view, at + usualSerialAt + serialLength) ? entryEnd : -1
}

/** X.690 8.3.2: an INTEGER has content, and its first nine bits are not all alike. */
function isShortest(view: DataView, at: number, length: number): boolean {
  if (length < 2) return length === 1
  const nineBits = view.getUint16(at) >>> 7
  return nineBits !== 0 && nineBits !== 0x1ff
}

/** RFC 5280 4.1.2.5.1: `17 0D YYMMDDHHMMSSZ`, on the calendar. */
function isUtcTime(view: DataView, at: number): boolean {
  if (view.getUint16(at) !== 0x170d || view.getUint8(at + 14) !== 0x5a) return false
  const yearMonth = view.getUint32(at + 2)
  const dayHour = view.getUint32(at + 6)
  const minuteSecond = view.getUint32(at + 10)
  if (!areDigits(yearMonth) || !areDigits(dayHour) || !areDigits(minuteSecond)) return false
  const month = lowTwoDigits(yearMonth)
  const day = highTwoDigits(dayHour)
  if (day < 1 || day > (lastDays[month] ?? 0)) return false
  if (lowTwoDigits(dayHour) > 23) return false
  return highTwoDigits(minuteSecond) <= 59 && lowTwoDigits(minuteSecond) <= 59
}

/** Whether four octets are ASCII digits: the upper half of each is 3, and stays so with 6 added. */
function areDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) === 0x33333333
}

function highTwoDigits(word: number): number {
  return ((word >>> 24) & 0xf) * 10 + ((word >>> 16) & 0xf)
}

function lowTwoDigits(word: number): number {
  return ((word >>> 8) & 0xf) * 10 + (word & 0xf)
}
