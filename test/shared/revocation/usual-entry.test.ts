import { array, assert, date, nat, property, record, tuple, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { parseDer } from '#shared/der/reader.ts'
import { readCrlEntry } from '#shared/revocation/crl-entry.ts'
import { entryOctetsMin, usualEntryEnd } from '#shared/revocation/usual-entry.ts'
import { generalizedTime, integer, octets, sequence, utcTime } from '../der/writer.ts'
import { reason } from '../crls.ts'

const endOf = (bytes: Bytes, at = 0, end = bytes.length): number =>
  usualEntryEnd(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at, end)

const when = '260601000000Z'
const usual = (serial: readonly number[], time = when): Bytes =>
  sequence(integer(...serial), utcTime(time))

describe('entries of the usual shape', () => {
  test.each([
    { name: 'the least there is', entry: usual([1]), taken: true },
    {
      name: 'a serial of 20 octets',
      entry: usual(Array.from({ length: 20 }, () => 0x41)),
      taken: true,
    },
    { name: 'a sign octet that is needed', entry: usual([0x00, 0x80]), taken: true },
    { name: 'below zero', entry: usual([0xff, 0x7f]), taken: true },
    { name: 'a leading zero', entry: usual([0x00, 0x7f]), taken: false },
    { name: 'a leading FF', entry: usual([0xff, 0x80]), taken: false },
    { name: 'no serial', entry: usual([]), taken: false },
    {
      name: 'a GeneralizedTime',
      entry: sequence(integer(1), generalizedTime('20500101000000Z')),
      taken: false,
    },
    {
      name: 'an extension',
      entry: sequence(integer(1), utcTime(when), sequence(reason(1))),
      taken: false,
    },
    {
      name: 'one octet too many',
      entry: sequence(integer(1), utcTime(when), octets(0)),
      taken: false,
    },
    { name: 'the last octet cut off', entry: usual([1]).slice(0, -1), taken: false },
  ])('$name: $taken', ({ entry, taken }) => {
    expect(endOf(entry)).toBe(taken ? entry.length : -1)
  })

  test.each([
    ['260101000000Z', true],
    ['260001000000Z', false],
    ['261301000000Z', false],
    ['260100000000Z', false],
    ['260131235959Z', true],
    ['260132000000Z', false],
    ['260430000000Z', true],
    ['260431000000Z', false],
    ['260228000000Z', true],
    ['260101240000Z', false],
    ['260101006000Z', false],
    ['260101000060Z', false],
    ['26010100000 Z', false],
    ['2601010000:0Z', false],
    ['260101000000z', false],
    ['26/101000000Z', false],
  ])('the time %s: %s', (time, taken) => {
    expect(endOf(usual([1], time)) !== -1).toBe(taken)
  })

  test('the 29th of February is for the careful reader, whatever the year', () => {
    for (const time of ['240229000000Z', '260229000000Z']) expect(endOf(usual([1], time))).toBe(-1)
  })

  test('of a list that ends within it', () => {
    const entry = usual([1, 2, 3])
    for (let end = 0; end < entry.length; end += 1) expect(endOf(entry, 0, end)).toBe(-1)
  })
})

/** Entries, whole and bent: octets of some of them written over. */
const bentEntry = record({
  serial: uint8Array({ maxLength: 22 }),
  time: date({ min: new Date('1950-01-01'), max: new Date('2049-12-31'), noInvalidDate: true }),
  bends: array(tuple(nat(45), nat(255)), { maxLength: 2 }),
}).map(({ serial, time, bends }) => {
  const digits = time.toISOString().replace(/[-T:]/g, '')
  const entry = usual([...serial], `${digits.slice(2, 14)}Z`)
  for (const [at, octet] of bends) if (at < entry.length) entry[at] = octet
  return entry
})

interface Read {
  /** Where the entry ends; -1 where it is not read. */
  readonly end: number
  readonly serial: Bytes
}

/** The careful reader's word on the entry at the start of these bytes. */
function carefully(bytes: Bytes): Read {
  const read = parseDer(bytes, (reader) => {
    const { serial } = readCrlEntry(reader)
    const end = reader.at
    reader.at = reader.end
    return { serial, end }
  })
  return read.ok ? read.value : { serial: octets(), end: -1 }
}

const runs = { seed: 20_260_615, numRuns: 5000 }

test('what the tight loop takes the careful reader takes, to the same octet', () => {
  let taken = 0
  const agrees = property(bentEntry, uint8Array({ maxLength: 4 }), (entry, behind) => {
    const bytes = concatBytes(entry, behind)
    const end = endOf(bytes)
    if (end === -1) return
    taken += 1
    const serial = bytes.slice(4, end - 15)
    expect(carefully(bytes)).toEqual({ end, serial })
  })
  assert(agrees, runs)
  expect(taken).toBeGreaterThan(runs.numRuns / 5)
})

test('it leaves none to the careful reader but leap days, long lengths, other times and extensions', () => {
  let read = 0
  const agrees = property(bentEntry, (entry) => {
    const { end, serial } = carefully(entry)
    // An extension or a length that reaches elsewhere makes the entry end where no time does.
    const isUsual = end === entry.length && end === 4 + serial.length + 15
    if (!isUsual) return
    read += 1
    const isLeapDay = new TextDecoder().decode(entry.subarray(end - 11, end - 7)) === '0229'
    expect(endOf(entry)).toBe(isLeapDay ? -1 : end)
  })
  assert(agrees, runs)
  expect(read).toBeGreaterThan(runs.numRuns / 5)
})

test('no entry is shorter than the bound on their number says', () => {
  const holds = property(bentEntry, (entry) => {
    const { end } = carefully(entry)
    expect(end === -1 || end >= entryOctetsMin).toBe(true)
  })
  assert(holds, runs)
  expect(usual([1]).length).toBe(entryOctetsMin)
})
