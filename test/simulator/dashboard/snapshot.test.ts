import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { createLiveView } from '#simulator/dashboard/live-view.ts'
import { createStateHistory } from '#simulator/dashboard/state-history.ts'
import { DAY, judgedAttempt, refused, scenario, start } from '../report/fake-run.ts'
import { createCollector } from '#simulator/report/collect.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { fakeEnd, fakeProgress } from './fake-run.ts'

function viewed() {
  const view = createLiveView(scenario)
  view.show(fakeProgress())
  return view
}

test('before the first progress there is nothing to see', () => {
  expect(createLiveView(scenario).snapshot()).toBeUndefined()
})

test('a snapshot says where the run stands and what it came to', () => {
  const snapshot = viewed().snapshot()
  expect(snapshot).toMatchObject({
    where: '2027-01-11 00:01:00 · verify',
    attempts: 220,
    reasons: [
      ['accepted', '210', '95.5 %'],
      ['revoked', '10', '4.5 %'],
    ],
    tiles: {
      wrong: { value: '0', tone: 'good' },
      exposure: { value: '3.1 s', tone: 'good' },
      online: { value: '109' },
    },
    ended: undefined,
  })
  expect(snapshot?.ratio).toBeCloseTo(1 / 9, 3)
  expect(snapshot?.plots.map(({ id }) => id)).toEqual([
    'states',
    'accepted',
    'refused',
    'online',
    'latency',
  ])
  expect(snapshot?.exposures[0]).toMatchObject(['meter-0030', 'cessationOfOperation', {}, '3.1 s'])
})

test('of lives on threads it says how many are over, and plots what they came to', () => {
  const view = createLiveView(scenario)
  const { totals, ...progress } = fakeProgress()
  const lives = { over: 12_000, all: 100_000 }
  view.show({ ...progress, phase: '', lives, totals: { ...totals, online: undefined } })
  const snapshot = view.snapshot()
  expect(snapshot).toMatchObject({
    where: '12,000 of 100,000 lives',
    plotsNote: expect.stringContaining('one after another'),
    tiles: { accepted: { value: '210' }, online: { value: '–' } },
  })
  expect(snapshot?.plots.map(({ id }) => id)).toContain('refused')
  expect(new Set(snapshot?.marks.map(({ isPast }) => isPast))).toEqual(new Set([undefined]))
})

test('of what is done to the fleet the past and the future are apart', () => {
  const marks = viewed().snapshot()?.marks ?? []
  expect(marks.map(({ at, isPast }) => [at.slice(0, 10), isPast])).toEqual([
    ['2027-01-01', true],
    ['2027-01-11', true],
    ['2027-01-31', false],
    ['2027-03-02', false],
    ['2027-03-22', false],
  ])
})

test('an exposure beyond the bound is told as bad', () => {
  const progress = fakeProgress()
  const { soFar } = progress
  if (soFar === undefined) throw new Error('the fake run has nothing so far')
  const tones = [5000, 3100, 3099].map((maxStalenessMs) => {
    const bound = { ...scenario, edge: { ...scenario.edge, maxStalenessMs } }
    const view = createLiveView(scenario)
    view.show({ ...progress, soFar: { ...soFar, scenario: bound } })
    return view.snapshot()?.tiles.exposure.tone
  })
  expect(tones).toEqual(['good', 'good', 'bad'])
})

test('a run that is over shows its result, also where nothing was seen of it before', () => {
  const seen = viewed()
  const unseen = createLiveView(scenario)
  unseen.show({ ...fakeProgress(), soFar: undefined })
  expect(unseen.snapshot()).toMatchObject({ plots: [], exposures: [], marks: [] })
  for (const view of [seen, unseen]) {
    view.end(fakeEnd())
    const snapshot = view.snapshot()
    expect(snapshot?.ended).toMatchObject({ tone: 'bad' })
    expect(snapshot?.tiles.wrong).toMatchObject({ value: '3', tone: 'bad' })
    expect(snapshot?.plots.map(({ id }) => id)).toContain('latency')
    expect(snapshot?.ratio).toBe(1)
  }
})

test('looking at a run changes nothing of its result', () => {
  const [unwatched, watched] = [false, true].map((isWatched) => {
    const collector = createCollector({ scenario, ledger: new Ledger() })
    for (let hour = 0; hour < 240; hour += 1) {
      const at = shift(start, (hour * DAY) / 24)
      collector.online(at, hour % 7)
      collector.attempt(judgedAttempt({ at }, refused('expired', (hour % 5) + 1)))
      if (isWatched) collector.collected(at)
    }
    return collector.collected(shift(start, 90 * DAY))
  })
  expect(watched).toEqual(unwatched)
})

test('devices are counted once for each step, and the plot is bounded', () => {
  const history = createStateHistory(start, 90 * DAY)
  let asked = 0
  for (let minute = 0; minute < 90 * 24 * 60; minute += 10) {
    history.observe(shift(start, minute * 60_000), () => {
      asked += 1
      return { active: asked, revoked: 1 }
    })
  }
  const plot = history.plot()
  expect(plot.times.length).toBe(360)
  expect(asked).toBe(360)
  expect(plot.series.map(({ label }) => label)).toEqual(['active', 'revoked'])
  expect(plot.summary).toBe('Now: 360 active, 1 revoked.')
})

test('in a step in which nobody woke the devices are what they were before', () => {
  const history = createStateHistory(start, 90 * DAY)
  const counts = [
    { hour: 0, active: 3 },
    { hour: 18, active: 2 },
  ]
  for (const { hour, active } of counts) {
    history.observe(shift(start, (hour * DAY) / 24), () => ({ active }))
  }
  expect(history.plot().series[0]?.values).toEqual([3, 3, 3, 2])
})

test('a snapshot is as large after a million decisions as after a few', () => {
  const sizes = [1, 2000].map((times) => {
    const progress = fakeProgress()
    const { soFar } = progress
    if (soFar === undefined) throw new Error('the fake run has nothing so far')
    const lines = Array.from({ length: times }, () => soFar.lines()).flat()
    const exposures = Array.from({ length: times * 20 }, () => soFar.exposures()).flat()
    const view = createLiveView(scenario)
    view.show({ ...progress, soFar: { ...soFar, lines: () => lines, exposures: () => exposures } })
    return JSON.stringify(view.snapshot()).length
  })
  expect(Math.abs((sizes[0] ?? 0) - (sizes[1] ?? 0))).toBeLessThan(20)
})
