import { expect, test } from 'vitest'
import { closeFrame, createFrameGauge } from '#edge/node/frames.ts'

const frame = (header: readonly number[], payload: number): Uint8Array =>
  Uint8Array.from([...header, ...Array.from({ length: payload }, () => 0x81)])

const frames = [
  { name: 'empty', octets: frame([0x82, 0], 0) },
  { name: '125 octets', octets: frame([0x82, 125], 125) },
  { name: '126 octets, a length of two', octets: frame([0x82, 126, 0, 126], 126) },
  { name: '65,535 octets', octets: frame([0x82, 126, 0xff, 0xff], 65_535) },
  {
    name: '65,536 octets, a length of eight',
    octets: frame([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
  },
  { name: 'masked', octets: frame([0x82, 0x83, 1, 2, 3, 4], 3) },
  { name: 'masked, a length of two', octets: frame([0x82, 0xfe, 0, 200, 1, 2, 3, 4], 200) },
]

test.each(frames)('RFC 6455 5.2: $name ends with its last octet', ({ octets }) => {
  const gauge = createFrameGauge()
  gauge.take(octets.subarray(0, -1))
  expect(gauge.isBetweenFrames()).toBe(false)
  gauge.take(octets.subarray(-1))
  expect(gauge.isBetweenFrames()).toBe(true)
})

test.each([1, 2, 3, 7, 1000])('frames one after another, in parts of %d octets', (size) => {
  const gauge = createFrameGauge()
  const stream = Buffer.concat(frames.map(({ octets }) => octets))
  const ends = new Set<number>()
  for (let at = 0; at < stream.length; at += size) {
    gauge.take(stream.subarray(at, at + size))
    if (gauge.isBetweenFrames()) ends.add(Math.min(at + size, stream.length))
  }
  expect(ends).toContain(stream.length)
  let end = 0
  const all = frames.map(({ octets }) => (end += octets.length))
  expect([...ends].filter((each) => !all.includes(each))).toEqual([])
})

test('RFC 6455 5.5.1: a close frame has the code and at most 123 octets of reason', () => {
  expect([...closeFrame(4403, 'revoked')]).toEqual([0x88, 9, 0x11, 0x33, ...Buffer.from('revoked')])
  expect(closeFrame(1001, 'x'.repeat(200))).toHaveLength(2 + 2 + 123)
})
