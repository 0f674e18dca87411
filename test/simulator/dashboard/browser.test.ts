import axe from 'axe-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDashboard, type Dashboard } from '#simulator/dashboard/server.ts'
import { chromium, openBrowser, type Browser, type OpenPage } from '../../browser/chromium.ts'
import { scenario } from '../report/fake-run.ts'
import { fakeEnd, fakeProgress } from './fake-run.ts'

const schemes = ['light', 'dark'] as const
const widths = [1280, 390] as const
const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })))

/** Waits in the page until something is so: as long as the test may take. */
const until = (condition: string): string => `new Promise((done) => {
  const look = () => (${condition}) ? done(true) : setTimeout(look, 5)
  look()
})`

const textOf = (id: string): string => `document.getElementById('${id}').innerText`

const faults = (page: OpenPage): Promise<unknown> =>
  page.evaluate(`(async () => {
    ${axe.source}
    const { violations, passes } = await axe.run(document)
    return {
      looked: passes.length > 5,
      faults: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      plots: document.querySelectorAll('.plot canvas').length,
      images: document.images.length,
    }
  })()`)

const clean = { looked: true, faults: [], overflow: 0, plots: 5, images: 0 }

// Skipped by name where no browser is installed; the continuous integration installs one.
describe.skipIf(chromium === undefined)('the dashboard in a browser (chromium)', () => {
  let browser: Browser
  let dashboard: Dashboard
  let isOver = false

  beforeAll(async () => {
    browser = await openBrowser(chromium ?? '')
  }, 30_000)

  beforeEach(async () => {
    dashboard = await openDashboard(scenario, 0)
    dashboard.show(fakeProgress())
    isOver = false
    return () => (isOver ? undefined : dashboard.end(fakeEnd()))
  })

  afterAll(() => browser.close())

  async function open(at: {
    readonly width: number
    readonly scheme: 'light' | 'dark'
  }): Promise<OpenPage> {
    const page = await browser.open({ ...at, url: dashboard.url })
    await page.evaluate(until(`${textOf('reasons')}.includes('revoked')`))
    return page
  }

  test.each(cases)(
    '$width px, $scheme: accessible, whole and quiet, while it runs and when it is over',
    async (at) => {
      const page = await open(at)
      expect(await faults(page)).toEqual(clean)
      isOver = true
      await dashboard.end(fakeEnd())
      await page.evaluate(until(`${textOf('status')}.includes('The run is over and failed')`))
      expect(await faults(page)).toEqual(clean)
      expect(page.complaints).toEqual([])
      await page.close()
    },
    60_000,
  )

  test('by keyboard: one device’s story, and the page held still', async () => {
    const page = await open({ width: 1280, scheme: 'light' })
    await page.evaluate(`document.querySelector('.skip').focus()`)
    await page.press('Tab')
    expect(await page.evaluate('document.activeElement.id')).toBe('pause')
    await page.press('Enter')
    expect(await page.evaluate(textOf('status'))).toContain('held still')
    await page.evaluate(`document.getElementById('device').focus()`)
    for (const key of 'car-0001') await page.press(key)
    await page.press('Enter')
    await page.evaluate(until(`${textOf('story')} !== ''`))
    expect(await page.evaluate(textOf('story-note'))).toBe('car-0001: 3 events so far.')
    expect(await page.evaluate(textOf('story'))).toContain('UNEXPLAINED REFUSAL')
    expect(await page.evaluate(textOf('story'))).toContain('<img')
    expect(page.complaints).toEqual([])
    await page.close()
  }, 30_000)

  test('a chart takes new values and stays the chart that it is', async () => {
    const page = await open({ width: 1280, scheme: 'light' })
    await page.evaluate(`window.chart = document.querySelector('#plot-online canvas')`)
    const progress = fakeProgress()
    const totals = { ...progress.totals, online: 4321 }
    dashboard.show({ ...progress, totals })
    await page.evaluate(until(`${textOf('tile-online')}.includes('4,321')`))
    expect(await page.evaluate('window.chart.isConnected')).toBe(true)
    await page.close()
  }, 30_000)
})
