import { describe, expect, test } from 'vitest'
import { chooseGroup } from '#edge/routing/choose-group.ts'
import type { WeightedGroup } from '#edge/routing/routing.ts'
import { stream } from '#simulator/random.ts'

const devices = Array.from({ length: 20_000 }, (_, index) => `spiffe://fleet.example/car/${index}`)
const weights = (...each: readonly number[]): readonly WeightedGroup[] =>
  each.map((weight, index) => ({ name: `g${index}`, weight }))

const zeros = (count: number) => new Uint8Array(count)
const stickiness = 'device'

const placesOf = (groups: readonly WeightedGroup[]) =>
  devices.map((device) => chooseGroup({ type: 'forward', groups, stickiness }, device, zeros))

const shareOf = (places: readonly (string | undefined)[], name: string) =>
  places.filter((place) => place === name).length / places.length

describe('by device', () => {
  test.each([
    { given: [1, 1], shares: [0.5, 0.5] },
    { given: [90, 10], shares: [0.9, 0.1] },
    { given: [999, 1], shares: [0.999, 0.001] },
    { given: [5, 3, 2], shares: [0.5, 0.3, 0.2] },
  ])('$given as often as that', ({ given, shares }) => {
    const places = placesOf(weights(...given))
    // Five standard deviations of a share among so many.
    for (const [index, share] of shares.entries()) {
      const deviation = Math.sqrt((share * (1 - share)) / devices.length)
      expect(Math.abs(shareOf(places, `g${index}`) - share)).toBeLessThan(5 * deviation)
    }
  })

  test('a canary that grows takes devices in, and moves no others', () => {
    const before = placesOf(weights(90, 10))
    const after = placesOf(weights(80, 20))
    const moved = before.filter((place, index) => place !== after[index])
    expect(new Set(moved)).toEqual(new Set(['g0']))
    expect(moved.length / devices.length).toBeCloseTo(0.1, 1)
  })

  test('the order of the groups does not count', () => {
    expect(placesOf(weights(3, 1).toReversed())).toEqual(placesOf(weights(3, 1)))
  })
})

test('the same names go the same way on every machine', () => {
  const action = { type: 'forward', groups: weights(1, 1), stickiness } as const
  const places = devices.slice(0, 12).map((device) => chooseGroup(action, device, zeros))
  expect(places.join(' ')).toMatchInlineSnapshot(`"g0 g1 g1 g1 g0 g1 g1 g0 g0 g0 g1 g1"`)
})

test.each([
  { name: 'without a name', device: undefined, sticky: 'device' },
  { name: 'without stickiness', device: 'car-1', sticky: 'none' },
] as const)('by chance: $name', ({ device, sticky }) => {
  const random = stream(7, 'groups')
  const octets = (count: number) =>
    Uint8Array.from({ length: count }, () => Math.floor(random.next() * 256))
  const action = { type: 'forward', groups: weights(3, 1), stickiness: sticky } as const
  const places = devices.map(() => chooseGroup(action, device, octets))
  expect(Math.abs(shareOf(places, 'g0') - 0.75)).toBeLessThan(5 * Math.sqrt(0.1875 / 20_000))
})

test.each([
  [[0, 0], undefined],
  [[0, 1], 'g1'],
  [[7], 'g0'],
])('weights %j: always %s', (given, name) => {
  const action = { type: 'forward', groups: weights(...given), stickiness } as const
  expect(chooseGroup(action, 'car-1', zeros)).toBe(name)
})
