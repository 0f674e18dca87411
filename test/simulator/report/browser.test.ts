import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeReport } from '#simulator/report/write-report.ts'
import { chromium, openBrowser, type Browser } from '../../browser/chromium.ts'
import { fakeFailure } from './fake-run.ts'

const schemes = ['light', 'dark'] as const
const widths = [1280, 390] as const
const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })))

/** What a reader sees of it: the page's width, plots, scripts, and whether boxes scroll inside. */
const expression = `({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  plots: document.querySelectorAll('.plot canvas').length,
  scripts: document.scripts.length,
  images: document.images.length,
  heading: document.querySelector('h1').textContent,
  badge: document.querySelector('.badge').textContent,
  unnamed: [...document.querySelectorAll('section, figure')]
    .filter((part) => document.getElementById(part.getAttribute('aria-labelledby')) === null).length,
})`

// Skipped by name where no browser is installed; the continuous integration installs one.
describe.skipIf(chromium === undefined)('the page in a browser (chromium)', () => {
  let browser: Browser | undefined
  let dir = ''

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-report-'))
    await writeReport(dir, fakeFailure())
    browser = await openBrowser(chromium ?? '')
  }, 30_000)

  afterAll(async () => {
    await browser?.close()
    await rm(dir, { recursive: true, force: true })
  })

  test.each(cases)('$width px, $scheme: whole, quiet, and no wider than the screen', async (at) => {
    const url = pathToFileURL(join(dir, 'report.html')).href
    const seen = await browser?.look({ ...at, url, expression })
    expect(seen?.complaints).toEqual([])
    expect(seen?.value).toEqual({
      overflow: 0,
      plots: 4,
      scripts: 3,
      images: 0,
      heading: 'quickstart',
      badge: 'Failed',
      unnamed: 0,
    })
  })
})
