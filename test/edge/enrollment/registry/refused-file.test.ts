import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeRefused,
  readRefused,
  refusedBySerial,
} from '#edge/enrollment/registry/refused-file.ts'
import { toHex, toUtf8 } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'

const serial = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((octets) =>
  toHex(octets)
    .toUpperCase()
    .replace(/^(00)+(?=..)/, ''),
)

test('every serial that was written is found with its second, and no other is', () => {
  fc.assert(
    fc.property(fc.uniqueArray(serial, { maxLength: 200 }), fc.array(serial), (listed, others) => {
      const certificates = listed.map((each, index) => ({
        serial: each,
        since: instantFromMs(1000 * index),
      }))
      const read = readRefused(encodeRefused([{ issuer: toUtf8('a CA'), certificates }]))
      const [issuer] = read.ok ? refusedBySerial(read.value) : []
      for (const { serial: each, since } of certificates) expect(issuer?.get(each)).toBe(since)
      const unlisted = others.filter((each) => !listed.includes(each))
      for (const each of unlisted) expect(issuer?.get(each)).toBeUndefined()
    }),
  )
})

test('serials in a row, as some CAs give them', () => {
  const certificates = Array.from({ length: 5000 }, (_, index) => ({
    serial: (0x1_0000 + index)
      .toString(16)
      .toUpperCase()
      .padStart(6, '0')
      .replace(/^(00)+/, ''),
    since: instantFromMs(0),
  }))
  const read = readRefused(encodeRefused([{ issuer: toUtf8('a CA'), certificates }]))
  const [issuer] = read.ok ? refusedBySerial(read.value) : []
  expect(certificates.every((each) => issuer?.get(each.serial) === 0)).toBe(true)
  expect(issuer?.get('018000')).toBeUndefined()
})

describe('what is no such file', () => {
  const whole = encodeRefused([
    { issuer: toUtf8('a CA'), certificates: [{ serial: '0A', since: instantFromMs(0) }] },
  ])
  test.each(Array.from({ length: whole.length - 1 }, (_, length) => length))(
    'its first %i octets',
    (length) => {
      const read = readRefused(whole.slice(0, length))
      // The eight of the form alone are a file of nobody.
      expect(read.ok).toBe(length === 8)
    },
  )

  test('another version', () => {
    expect(readRefused(whole.with(7, 2)).ok).toBe(false)
  })
})

test.each(['-01', '0', 'zz', '00'.repeat(21)])('a serial that no CA may give: %s', (each) => {
  const certificates = [{ serial: each, since: instantFromMs(0) }]
  expect(() => encodeRefused([{ issuer: toUtf8('a CA'), certificates }])).toThrow(/serial/)
  const read = readRefused(encodeRefused([{ issuer: toUtf8('a CA'), certificates: [] }]))
  expect(read.ok && refusedBySerial(read.value)[0]?.get(each)).toBeUndefined()
})
