import { beforeAll, expect, test } from 'vitest'
import { createPki, createStage, requestOf, type Pki } from '../stage.ts'

let pki: Pki

beforeAll(async () => {
  pki = await createPki()
})

const chromium =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'
const firefox = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

const rows = [
  { accept: undefined, page: false },
  { accept: '*/*', page: false },
  { accept: '', page: false },
  { accept: chromium, page: true },
  { accept: firefox, page: true },
  { accept: 'text/html', page: true },
  { accept: 'TEXT/HTML', page: true },
  { accept: 'application/problem+json', page: false },
  { accept: 'application/json', page: false },
  { accept: 'application/json, text/html;q=0.9', page: false },
  { accept: 'application/json;q=0.8, text/html;q=0.9', page: true },
  { accept: 'text/html;q=0', page: false },
  { accept: 'text/plain', page: false },
]

test.each(rows)('Accept: $accept: a page: $page', async ({ accept, page }) => {
  const { app, lines } = await createStage(pki, { variables: {} })
  const response = await app.request(requestOf(undefined, accept === undefined ? {} : { accept }))
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toBe(
    page ? 'text/html; charset=utf-8' : 'application/problem+json',
  )
  const line = JSON.parse(lines[0] ?? '') as { readonly problem: { readonly id: string } }
  expect(await response.text()).toContain(line.problem.id)
})

test('nothing of the request is on the page', async () => {
  const { app } = await createStage(pki, { variables: {} })
  const path = '/<script>alert(1)</script>?q=<img%20src=x>'
  const headers = { accept: 'text/html', referer: 'https://evil.example/', 'user-agent': '<b>' }
  const text = await (await app.request(requestOf(undefined, headers, path))).text()
  expect(text).not.toMatch(/script|alert|evil|img|<b>/)
})
