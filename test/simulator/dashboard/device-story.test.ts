import { expect, test } from 'vitest'
import { deviceStory } from '#simulator/dashboard/device-story.ts'
import { fakeProgress, line } from './fake-run.ts'

const lines = fakeProgress().soFar?.lines() ?? []

test('a device’s story is its own events, in words, and no other device’s', () => {
  const { count, events } = deviceStory('car-0001', lines)
  expect(count).toBe(3)
  expect(events).toEqual([
    { at: '2027-01-01 08:00:00', told: 'got a certificate, serial 0A', wrong: false },
    {
      at: '2027-01-01 08:00:00',
      told: 'came over HTTPS, fresh connection, serial 0A: accepted, by its session cookie',
      wrong: false,
    },
    {
      at: '2027-01-01 08:00:00',
      told: expect.stringContaining('not_yet_valid; UNEXPLAINED REFUSAL'),
      wrong: true,
    },
  ])
})

test.each(['car-000', 'ar-0001', 'car-0001"', '', '.*'])('%j is nobody here', (device) => {
  expect(deviceStory(device, lines)).toEqual({ device, count: 0, events: [] })
})

test.each([
  { lived: 200, told: 200 },
  { lived: 201, told: 200 },
])('of $lived events the latest $told are told', ({ lived, told }) => {
  const long = Array.from({ length: lived }, (_, index) =>
    line('renew', { device: 'car-0001', serial: `S${index}` }),
  )
  const story = deviceStory('car-0001', long)
  expect([story.count, story.events.length]).toEqual([lived, told])
  expect(story.events.at(-1)?.told).toBe(`renewed its certificate, serial S${lived - 1} now`)
})
