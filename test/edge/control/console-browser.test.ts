import axe from 'axe-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodePem } from '#shared/wire/pem.ts'
import { chromium, openBrowser, type Browser, type OpenPage } from '../../browser/chromium.ts'
import {
  browserNow,
  consoleStage,
  operatorToken,
  readerToken,
  type ConsoleStage,
} from './console-stage.ts'

const schemes = ['light', 'dark'] as const
const widths = [1280, 390] as const
const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })))

/** What a page shows, as text. */
const text = 'document.body.innerText'

/** Waits in the page until something is so: each of its frames, and as long as the test may take. */
const until = (condition: string): string => `new Promise((done) => {
  const look = () => (${condition}) ? done(true) : setTimeout(look, 5)
  look()
})`

async function signIn(page: OpenPage, token: string): Promise<void> {
  await page.evaluate(until(`document.activeElement.id === 'token'`))
  for (const key of token) await page.press(key)
  await page.press('Enter')
  await page.evaluate(until(`document.querySelector('#as-of').textContent !== ''`))
}

const goTo = async (page: OpenPage, store: string): Promise<unknown> => {
  await page.evaluate(`document.getElementById('store-${store}').focus()`)
  await page.press('Enter')
  return page.evaluate(until(`document.querySelector('.issuers') !== null`))
}

const faults = (page: OpenPage): Promise<unknown> =>
  page.evaluate(`(async () => {
    ${axe.source}
    const { violations, passes } = await axe.run(document)
    return {
      looked: passes.length > 5,
      faults: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }
  })()`)

// Skipped by name where no browser is installed; the continuous integration installs one.
describe.skipIf(chromium === undefined)('the console in a browser (chromium)', () => {
  let browser: Browser
  let stage: ConsoleStage

  beforeAll(async () => {
    browser = await openBrowser(chromium ?? '')
  }, 30_000)

  beforeEach(async () => {
    stage = await consoleStage(browserNow())
    return () => stage.close()
  })

  afterAll(() => browser.close())

  const clean = { looked: true, faults: [], overflow: 0 }

  test.each(cases)(
    '$width px, $scheme: each view is accessible, whole and quiet',
    async (at) => {
      const page = await browser.open({ ...at, url: stage.url })
      await page.evaluate(until(`document.querySelector('form') !== null`))
      expect(await faults(page)).toEqual(clean)
      await signIn(page, operatorToken)
      expect(await faults(page)).toEqual(clean)
      await goTo(page, 'cars')
      expect(await faults(page)).toEqual(clean)
      await page.evaluate(`document.querySelector('#epoch-1').click()`)
      await page.evaluate(until(`document.querySelector('dialog[open]') !== null`))
      expect(await faults(page)).toEqual(clean)
      expect(page.complaints).toEqual([])
      await page.close()
    },
    60_000,
  )

  test('stores, freshness in words, refusals, findings, decisions', async () => {
    const page = await browser.open({ width: 1280, scheme: 'light', url: stage.url })
    await signIn(page, readerToken)
    const overview = await page.evaluate(text)
    for (const shown of ['cars', 'meters', 'empty', 'Fresh', 'Past its nextUpdate', 'revoked']) {
      expect(overview).toContain(shown)
    }
    expect(overview).toContain('4.2 s')
    await goTo(page, 'cars')
    const cars = await page.evaluate(text)
    expect(cars).toMatch(/9\d % of its life left, the next one is due in 27 days|in 28 days/)
    expect(cars).toContain('Refused, malformed_crl')
    expect(cars).toContain('source:1')
    expect(cars).toContain('Source 1: https://ca.example/fleet.crl')
    expect(page.complaints).toEqual([])
    await page.close()
  }, 30_000)

  test('by keyboard: a certificate is revoked and restored, after a question that Escape ends', async () => {
    const page = await browser.open({ width: 1280, scheme: 'light', url: stage.url })
    const { leafDer } = await stage.issue('car-1')
    await signIn(page, operatorToken)
    await goTo(page, 'cars')
    const pem = JSON.stringify(encodePem('CERTIFICATE', leafDer))
    const revoked = async () => (await stage.plane.store('cars').document())?.revoked.length
    await page.evaluate(`document.getElementById('pem').value = ${pem}`)
    await page.evaluate(`document.querySelector('button[value=revoke]').focus()`)
    await page.press('Enter')
    expect(await page.evaluate(`document.querySelector('dialog').innerText`)).toContain('car-1')
    await page.press('Escape')
    await page.evaluate(until(`document.querySelector('dialog') === null`))
    expect(await revoked()).toBe(0)
    await page.press('Enter')
    await page.press('Tab')
    await page.press('Enter')
    await page.evaluate(until(`document.querySelector('#done').innerText.includes('epoch 3')`))
    expect(await revoked()).toBe(1)
    await page.evaluate(`document.querySelector('[id^=restore-]').focus()`)
    for (const key of ['Enter', 'Tab', 'Enter']) await page.press(key)
    await page.evaluate(until(`document.querySelector('#done').innerText.includes('epoch 4')`))
    expect(await revoked()).toBe(0)
    expect(page.complaints).toEqual([])
    await page.close()
  }, 30_000)

  test('a roll-back says what it will do, and takes the name of the store for it', async () => {
    const page = await browser.open({ width: 390, scheme: 'light', url: stage.url })
    await signIn(page, operatorToken)
    await goTo(page, 'cars')
    await page.evaluate(`document.querySelector('#epoch-1').focus()`)
    await page.press('Enter')
    await page.evaluate(until(`document.querySelector('dialog[open]') !== null`))
    const question = await page.evaluate(`document.querySelector('dialog').innerText`)
    expect(question).toContain('will no longer be in force')
    const epoch = async () => (await stage.plane.store('cars').head())?.epoch
    for (const key of ['c', 'a', 'Enter']) await page.press(key)
    expect(await page.evaluate(`document.querySelector('dialog').open`)).toBe(true)
    expect(await epoch()).toBe(2)
    for (const key of ['r', 's', 'Enter']) await page.press(key)
    await page.evaluate(until(`document.querySelector('#done').innerText.includes('epoch 3')`))
    expect(await epoch()).toBe(3)
    await page.close()
  }, 30_000)

  test('what a token may not do is said, and changes nothing', async () => {
    const page = await browser.open({ width: 1280, scheme: 'light', url: stage.url })
    await signIn(page, readerToken)
    await goTo(page, 'cars')
    await page.evaluate(`document.getElementById('serial').value = '0A'`)
    await page.evaluate(`document.getElementById('issuer').selectedIndex = 1`)
    await page.evaluate(`document.querySelector('button[value=revoke]').focus()`)
    for (const key of ['Enter', 'Tab', 'Enter']) await page.press(key)
    await page.evaluate(until(`document.querySelector('#trouble').innerText !== ''`))
    const trouble = await page.evaluate(`document.querySelector('#trouble').innerText`)
    expect(trouble).toContain('it takes the scope revoke')
    expect((await stage.plane.store('cars').head())?.epoch).toBe(2)
    await page.close()
  }, 30_000)

  test('an unknown token, a sign-out, and no token left behind', async () => {
    const page = await browser.open({ width: 1280, scheme: 'light', url: stage.url })
    await page.evaluate(until(`document.activeElement.id === 'token'`))
    for (const key of ['x', 'y', 'Enter']) await page.press(key)
    await page.evaluate(until(`document.querySelector('[role=alert].bad') !== null`))
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    await signIn(page, operatorToken)
    expect(await page.evaluate('sessionStorage.length')).toBe(1)
    await page.evaluate(
      `[...document.querySelectorAll('button')].find((each) => each.innerText === 'Sign out').click()`,
    )
    const kept = 'sessionStorage.length + localStorage.length + document.cookie.length'
    expect(await page.evaluate(kept)).toBe(0)
    expect(await page.evaluate(text)).not.toContain('cars')
    await page.close()
  }, 30_000)
})
