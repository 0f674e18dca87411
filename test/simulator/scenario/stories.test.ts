import { describe, expect, test } from 'vitest'
import { formatScenarioError, parseScenario } from '#simulator/scenario/parse.ts'
import { inRealTime } from '#simulator/scenario/real-time.ts'
import { withOverrides } from '#simulator/scenario/overrides.ts'
import { caOutages, outageEnd, publisherOutages } from '#simulator/scenario/outages.ts'
import { shift } from '#shared/time.ts'
import { minimal, present, scenarioOf } from './minimal.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]

/** What is said of the shortest scenario with more behind it. */
function complaints(more: string): readonly string[] {
  const parsed = parseScenario(minimal + more, 'a.yaml')
  return parsed.ok ? [] : parsed.error.map(formatScenarioError)
}

/** The last line of the shortest scenario is 16, so what is added begins on line 17. */
const slips = [
  {
    name: 'a kind that is no word',
    more: '  - { kind: Car 1, count: 1, certificate: { validity: 1d }, traffic: { connect_every: 1d } }',
    says: 'a.yaml:17:13: fleets[1].kind: found "Car 1", expected a kind of device: up to 32 lower-case letters, digits and hyphens',
  },
  {
    name: 'an unknown offline process',
    more: '    offline: { process: tunel, every: 1h, min: 1m, max: 2m }',
    says: 'a.yaml:17:25: fleets[0].offline.process: found "tunel", expected one of garage, tunnel, outage',
  },
  {
    name: 'a misspelt key of one',
    more: '    offline: [{ process: outage, sprad: 1h, ratio: 1, at: 1m, for: 2m }]',
    says: 'a.yaml:17:34: fleets[0].offline[0].sprad: found the unknown key "sprad", expected perhaps "spread"',
  },
  {
    name: 'tunnels longer than the way between them',
    more: '    offline: { process: tunnel, every: 1h, min: 1m, max: 1h }',
    says: 'a.yaml:17:58: fleets[0].offline.max: found 1h, expected less than every, 1h',
  },
  {
    name: 'tickets that nobody takes',
    more: 'front: { resumption: never }\nfleets2: []',
    says: 'a.yaml:18:1: fleets2: found the unknown key "fleets2", expected perhaps "fleets"',
  },
  {
    name: 'a fault that is none',
    more: 'chaos: [{ at: 1d, for: 1h, fault: crl.rolback }]',
    says: 'a.yaml:17:35: chaos[0].fault: found "crl.rolback", expected one of ca.down, crl.publisher_down, crl.rollback, crl.truncated, gateway.restart, clock.jump, edge.partition',
  },
  {
    name: 'a fault that does not say how long it lasts',
    more: 'chaos: [{ at: 1d, fault: ca.down }]',
    says: 'a.yaml:17:26: chaos[0].fault: found ca.down without "for", expected how long it lasts',
  },
  {
    name: 'a fault after the end',
    more: 'chaos: [{ at: 10d, fault: gateway.restart }]',
    says: 'a.yaml:17:15: chaos[0].at: found 10d, expected less than the duration of 10d',
  },
  {
    name: 'damaged lists while the edge starts',
    more: 'chaos:\n  - { at: 1d, for: 2h, fault: crl.truncated }\n  - { at: 25h, fault: gateway.restart }',
    says: 'a.yaml:18:31: chaos[0].fault: found crl.truncated over a start of the edge, expected it between two phases or restarts',
  },
  {
    name: 'a bucket out of reach while the edge starts',
    more: 'chaos:\n  - { at: 1d, for: 2h, fault: edge.partition }\n  - { at: 25h, fault: gateway.restart }',
    says: 'a.yaml:18:31: chaos[0].fault: found edge.partition over a start of the edge, expected it between two phases or restarts',
  },
  {
    name: 'a jump of no clock',
    more: 'chaos: [{ at: 1d, for: 2h, fault: clock.jump, by: 1h }]',
    says: 'a.yaml:17:35: chaos[0].fault: found clock.jump without "on", expected the clock of one of edge, car',
  },
  {
    name: 'a jump of a clock that nobody has',
    more: 'chaos: [{ at: 1d, for: 2h, fault: clock.jump, on: meter, by: 1h }]',
    says: 'a.yaml:17:51: chaos[0].on: found "meter", expected the clock of one of edge, car',
  },
  {
    name: 'a jump to nowhere',
    more: 'chaos: [{ at: 1d, for: 2h, fault: clock.jump, on: edge }]',
    says: 'a.yaml:17:35: chaos[0].fault: found clock.jump without "by", expected how far the clock is ahead, or behind',
  },
  {
    name: 'a jump of no time',
    more: 'chaos: [{ at: 1d, for: 2h, fault: clock.jump, on: edge, by: 0s }]',
    says: 'a.yaml:17:61: chaos[0].by: found "0s", expected a duration, behind with a minus before it: 90s, -1h; at most 1825 days',
  },
  {
    name: 'a jump that outlives the authorities',
    more: 'chaos: [{ at: 1d, for: 2h, fault: clock.jump, on: edge, by: -1826d }]',
    says: 'a.yaml:17:61: chaos[0].by: found "-1826d", expected a duration, behind with a minus before it: 90s, -1h; at most 1825 days',
  },
  {
    name: 'a measure of a fault that has none',
    more: 'chaos: [{ at: 1d, for: 2h, fault: ca.down, by: 1h }]',
    says: 'a.yaml:17:48: chaos[0].by: found "by" of ca.down, expected it of clock.jump only',
  },
  {
    name: 'a share of one edge',
    more: 'chaos: [{ at: 1d, for: 2h, fault: edge.partition, share: 0.5 }]',
    says: 'a.yaml:17:58: chaos[0].share: found 0.5 of one edge, expected edge.count above 1',
  },
  {
    name: 'several edges over real sockets',
    more: 'edge: { count: 3 }',
    says: 'a.yaml:17:16: edge.count: found 3, expected 1 unless the engine is virtual',
  },
  {
    name: 'the clock of an edge that a load balancer verifies for',
    more: 'front: { profile: alb }\nchaos: [{ at: 1d, for: 2h, fault: clock.jump, on: edge, by: 1h }]',
    says: 'a.yaml:18:51: chaos[0].on: found the clock of the edge, expected none where front.profile alb verifies by its own',
  },
  {
    name: 'a quality that MQTT has not',
    more: '    mqtt: { qos: 3 }',
    says: 'a.yaml:17:18: fleets[0].mqtt.qos: found 3, expected one of 0, 1, 2',
  },
  {
    name: 'deltas further apart than complete lists',
    more: 'pki: { crl: { publish_every: 6h, delta_every: 6h } }',
    says: 'a.yaml:17:47: pki.crl.delta_every: found 6h, expected less than publish_every, 6h',
  },
  {
    name: 'lists of parts for a load balancer',
    more: 'front: { profile: alb }\npki: { crl: { partitions: 4 } }',
    says: 'a.yaml:18:27: pki.crl.partitions: found 4, expected 1 where front.profile alb verifies by its own',
  },
  {
    name: 'deltas for a load balancer',
    more: 'front: { profile: alb }\npki: { crl: { delta_every: 6h } }',
    says: 'a.yaml:18:28: pki.crl.delta_every: found delta lists, expected none where front.profile alb verifies by its own',
  },
  {
    name: 'a root that goes before there is a second one',
    more: 'pki: { events: [{ at: 1d, event: root_removed }, { at: 2d, event: root_added }] }',
    says: 'a.yaml:17:34: pki.events[0].event: found root_removed, expected an earlier root_added',
  },
  {
    name: 'an issuing CA that is not there',
    more: 'pki: { events: [{ at: 1d, event: intermediate_expires, intermediate: 3 }] }',
    says: 'a.yaml:17:70: pki.events[0].intermediate: found 3, expected one of the 2 issuing CAs',
  },
  {
    name: 'an assertion about nobody',
    more: 'assert: { availability: { meter: 1 } }',
    says: 'a.yaml:17:34: assert.availability.meter: found a kind that no fleet has, expected one of car',
  },
  {
    name: 'an assertion about nothing',
    more: 'assert: { at_least: { renewd: 1 } }',
    says: 'a.yaml:17:31: assert.at_least.renewd: found the unknown counter "renewd", expected perhaps "renewed"',
  },
  {
    name: 'both a count and a share',
    more: 'revocations: [{ at: 1d, kind: car, count: 1, fraction: 0.5, reason: keyCompromise }]',
    says: 'a.yaml:17:56: revocations[0].fraction: found 0.5, expected either count or fraction, not both',
  },
] as const

test.each(slips)('$name', ({ more, says }) => {
  expect(complaints(`${more}\n`)).toEqual([says])
})

test('tickets where sessions are never resumed', () => {
  const text = minimal.replace('connect_every: 1d', 'connect_every: 1d\n      tickets: 1d')
  const parsed = parseScenario(text, 'a.yaml')
  expect(parsed.ok ? [] : parsed.error.map(formatScenarioError)).toEqual([
    'a.yaml:17:16: fleets[0].traffic.tickets: found tickets, expected none where front.resumption is never',
  ])
})

test('a share of a kind is a number of devices', () => {
  const plan = 'revocations: [{ at: 1d, kind: car, fraction: 0.66, reason: keyCompromise }]'
  expect(scenarioOf(minimal + plan).revocations[0]?.count).toBe(2)
})

describe('outages and faults of the same kind', () => {
  const scenario = scenarioOf(`${minimal}
pki:
  ca: { outages: [{ at: 3d, for: 1h }] }
  crl: { outages: [{ at: 5d, for: 2d }] }
chaos:
  - { at: 1d, for: 5m, fault: ca.down }
  - { at: 2d, for: 1h, fault: crl.publisher_down }
`)
  const { start } = scenario.time
  const lengths = (outages: ReturnType<typeof caOutages>) =>
    outages.map(({ from, until }) => [(from - start) / dayMs, (until - from) / minuteMs])

  test('are one list, in order', () => {
    expect(lengths(caOutages(scenario))).toEqual([
      [1, 5],
      [3, 60],
    ])
    expect(lengths(publisherOutages(scenario))).toEqual([
      [2, 60],
      [5, 2880],
    ])
  })

  test('begin with their first instant and end before their last', () => {
    const [first] = caOutages(scenario)
    const { from, until } = present(first)
    const ends = [shift(from, -1), from, shift(until, -1), until].map((at) =>
      outageEnd(caOutages(scenario), at),
    )
    expect(ends).toEqual([undefined, until, until, undefined])
  })

  test('keep their places in a run of other length, and their lengths', () => {
    const { pki, chaos } = withOverrides(scenario, { days: 5 })
    expect(pki.ca.outages).toEqual([{ atMs: 1.5 * dayMs, forMs: hourMs }])
    expect(chaos.map(({ atMs }) => atMs / dayMs)).toEqual([0.5, 1])
  })

  test('are as much faster in real time as everything else', () => {
    const fast = inRealTime(scenario, start, 1000)
    if (typeof fast === 'string') throw new Error(fast)
    expect(fast.pki.ca.outages).toEqual([{ atMs: (3 * dayMs) / 1000, forMs: 3600 }])
    expect(fast.chaos[0]).toEqual({ atMs: 86_400, forMs: 300, fault: 'ca.down' })
  })
})

test.each([
  { name: 'its clock', chaos: '{ at: 1d, for: 1h, fault: clock.jump, on: edge, by: 1h }' },
  { name: 'its bucket', chaos: '{ at: 1d, for: 1h, fault: edge.partition }' },
])('a target somewhere else keeps $name', ({ chaos }) => {
  const scenario = scenarioOf(`${minimal}chaos: [${chaos}]`)
  expect(inRealTime(scenario, scenario.time.start, 1000)).toMatch(
    /^nobody can put (clock\.jump|edge\.partition) into a target somewhere else/,
  )
})

test('clocks of devices jump in real time too, as much less as everything is faster', () => {
  const chaos = 'chaos: [{ at: 1d, for: 1h, fault: clock.jump, on: car, by: -2h }]'
  const scenario = scenarioOf(minimal + chaos)
  const fast = inRealTime(scenario, scenario.time.start, 1000)
  if (typeof fast === 'string') throw new Error(fast)
  expect(fast.chaos[0]).toMatchObject({ on: 'car', byMs: -7200 })
})

test('a part of the fleet: what has to happen, and what the CA can do, are scaled with it', () => {
  const scenario = scenarioOf(`${minimal.replace('count: 3', 'count: 1000')}
pki: { ca: { rate: 2 } }
assert:
  at_least: { accepted: 5000, renewed: 10, faults: 2 }
  at_most: { refused.expired: 7 }
`)
  const { fleets, pki, assert } = withOverrides(scenario, { scale: 0.01 })
  expect(fleets[0]?.count).toBe(10)
  expect(pki.ca.ratePerSecond).toBeCloseTo(0.02)
  expect(assert.atLeast).toEqual({ accepted: 50, renewed: 1, faults: 2 })
  expect(assert.atMost).toEqual({ 'refused.expired': 7 })
})
