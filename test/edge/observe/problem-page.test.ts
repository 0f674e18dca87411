import { describe, expect, test } from 'vitest'
import { problemPage } from '#edge/observe/problem-page.ts'
import { problemDocument, type ProblemCode } from '#edge/observe/problem.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'

const rejections = Object.keys(answers) as RejectionCode[]
const codes: readonly ProblemCode[] = [...rejections, 'target_unreachable', 'misconfigured']
const id = '0123456789abcdef'.repeat(2)

describe.each(codes)('%s', (code) => {
  test('has the status, sentence, code and id of the document, and what else its headers say', async () => {
    const page = problemPage({ code, id })
    const document = problemDocument({ code, id })
    const { title } = (await document.json()) as { readonly title: string }
    const text = await page.text()
    expect(page.status).toBe(document.status)
    for (const part of [title, code, id, String(page.status)]) expect(text).toContain(part)
    for (const name of ['cache-control', 'vary', 'retry-after', 'www-authenticate']) {
      expect(page.headers.get(name)).toBe(document.headers.get(name))
    }
  })

  test('loads nothing, runs nothing, is framed by nobody', async () => {
    const { headers } = problemPage({ code, id })
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'nonce-${id}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    const text = await problemPage({ code, id }).text()
    expect(text).not.toMatch(/<script|<img|<link|<form|<iframe|\son\w+=|url\(|@import|https?:/i)
  })
})

test.each([
  { code: 'no_certificate', says: 'Choose a certificate' },
  { code: 'revocation_unknown', says: 'Try again in a few seconds' },
  { code: 'target_unreachable', says: 'Try again in a few seconds' },
  { code: 'session_of_other_certificate', says: 'Open the page again' },
  { code: 'revoked', says: 'give them the reference below' },
] as const)('$code: what to do', async ({ code, says }) => {
  expect(await problemPage({ code, id }).text()).toContain(says)
})
