import { expect, test } from 'vitest'
import {
  albSerial,
  cloudflareSerial,
  colonSerial,
  colonSerialWithSignByte,
  decimalSerial,
  readDecimalSerial,
  readSerial,
} from '#shared/wire/serial.ts'

/** Content octets of the INTEGER, and how each platform spells it. */
const written = [
  { octets: [0], alb: '00', cloudflare: '00', colon: '00', signed: '00', decimal: '0' },
  { octets: [1], alb: '01', cloudflare: '01', colon: '01', signed: '01', decimal: '1' },
  {
    octets: [0, 0x80],
    alb: '80',
    cloudflare: '0080',
    colon: '80',
    signed: '00:80',
    decimal: '128',
  },
  {
    octets: [0x0a, 0xbc, 0x12, 0x34],
    alb: '0ABC1234',
    cloudflare: '0ABC1234',
    colon: '0a:bc:12:34',
    signed: '0a:bc:12:34',
    decimal: '180097588',
  },
  {
    octets: [0, 0x9e, 0x2a],
    alb: '9E2A',
    cloudflare: '009E2A',
    colon: '9e:2a',
    signed: '00:9e:2a',
    decimal: '40490',
  },
  { octets: [0x80], alb: '-80', cloudflare: '80', colon: '-80', signed: '80', decimal: '-128' },
  { octets: [0xff], alb: '-01', cloudflare: 'FF', colon: '-01', signed: 'ff', decimal: '-1' },
]

test.each(written)('serial $alb in every spelling', ({ octets, ...expected }) => {
  const bytes = Uint8Array.from(octets)
  expect({
    alb: albSerial(bytes),
    cloudflare: cloudflareSerial(bytes),
    colon: colonSerial(bytes),
    signed: colonSerialWithSignByte(bytes),
    decimal: decimalSerial(bytes),
  }).toEqual(expected)
  expect(readSerial(expected.alb)).toEqual({ ok: true, value: expected.alb })
  expect(readSerial(expected.colon)).toEqual({ ok: true, value: expected.alb })
  expect(readDecimalSerial(expected.decimal)).toEqual({ ok: true, value: expected.alb })
})

const spellings = [
  { platform: 'ALB, nginx', text: '9E2A' },
  { platform: 'CloudFront event', text: '00:9e:2a' },
  { platform: 'CloudFront header, API Gateway', text: '9e:2a' },
  { platform: 'Cloudflare', text: '009E2A' },
  { platform: 'HAProxy', text: '009e2a' },
]

test.each(spellings)('$platform writes $text', ({ text }) => {
  expect(readSerial(text)).toEqual({ ok: true, value: '9E2A' })
})

const longest = 'FF'.repeat(20)
const bounds = [
  { text: longest, serial: longest },
  { text: `00${longest}`, serial: longest },
  { text: `${longest}00`, serial: 'refused' },
  { text: '1', serial: '01' },
  { text: 'a', serial: 'refused' },
  { text: '00', serial: '00' },
  { text: '0000', serial: '00' },
  { text: '-00', serial: '00' },
  { text: '', serial: 'refused' },
  { text: '-', serial: 'refused' },
  { text: '123', serial: 'refused' },
  { text: '0x9E2A', serial: 'refused' },
  { text: '9E 2A', serial: 'refused' },
  { text: ' 9E2A', serial: 'refused' },
  { text: '9E2A\n', serial: 'refused' },
  { text: '9E:2', serial: 'refused' },
  { text: '9E:2A:', serial: 'refused' },
  { text: '9E:2A1B', serial: 'refused' },
  { text: '9E::2A', serial: 'refused' },
  { text: '9E2A, 9E2A', serial: 'refused' },
]

test.each(bounds)('"$text" reads as $serial', ({ text, serial }) => {
  const read = readSerial(text)
  expect(read.ok ? read.value : 'refused').toBe(serial)
})

const decimals = [
  { text: '40490', serial: '9E2A' },
  { text: (2n ** 160n - 1n).toString(), serial: longest },
  { text: (2n ** 160n).toString(), serial: 'refused' },
  { text: '9E2A', serial: 'refused' },
  { text: '9'.repeat(5000), serial: 'refused' },
  { text: '', serial: 'refused' },
]

test.each(decimals)('decimal $text reads as $serial', ({ text, serial }) => {
  const read = readDecimalSerial(text)
  expect(read.ok ? read.value : 'refused').toBe(serial)
})
