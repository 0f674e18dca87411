import { describe, expect, test } from 'vitest'
import { isEcdsaSignature, rawEcdsaSignature } from '#shared/x509/signature.ts'
import { integer, octets, sequence } from '../der/writer.ts'

describe('raw ECDSA signatures (RFC 3279 2.2.3)', () => {
  test.each([
    {
      name: 'short scalars are padded on the left',
      der: sequence(integer(1), integer(2)),
      raw: octets(0, 1, 0, 2),
    },
    {
      name: 'a sign octet is dropped',
      der: sequence(integer(0, 0x80, 1), integer(0x7f, 0xff)),
      raw: octets(0x80, 1, 0x7f, 0xff),
    },
    {
      name: 'zero is nothing but padding',
      der: sequence(integer(0), integer(1)),
      raw: octets(0, 0, 0, 1),
    },
  ])('$name', ({ der, raw }) => {
    expect(rawEcdsaSignature(der, 2)).toEqual(raw)
    expect(isEcdsaSignature(der, 2)).toBe(true)
  })

  test.each([
    { name: 'a scalar too long', der: sequence(integer(1, 0, 0), integer(1)) },
    {
      name: 'a scalar too long behind its sign octet',
      der: sequence(integer(1), integer(0, 0x80, 0, 0)),
    },
    { name: 'a negative scalar', der: sequence(integer(0xff), integer(1)) },
    { name: 'a zero too many', der: sequence(integer(0, 1), integer(1)) },
    { name: 'one scalar', der: sequence(integer(1)) },
    { name: 'three scalars', der: sequence(integer(1), integer(1), integer(1)) },
    { name: 'octets behind', der: octets(...sequence(integer(1), integer(1)), 0) },
    { name: 'the raw form', der: octets(0, 1, 0, 2) },
    { name: 'nothing', der: octets() },
  ])('refused: $name', ({ der }) => {
    expect(rawEcdsaSignature(der, 2)).toBeUndefined()
    expect(isEcdsaSignature(der, 2)).toBe(false)
  })
})
