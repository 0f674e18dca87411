import { expect, test } from 'vitest'
import { problemDocument, problemId } from '#edge/observe/problem.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'

const codes = Object.keys(answers) as RejectionCode[]

test.each(codes)('%s is a problem document without details', async (code) => {
  const response = problemDocument({ code, id: '00ff' })
  const { status } = answers[code]
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
  expect(await response.json()).toEqual({
    type: `urn:sallyport:problem:${code}`,
    title: expect.any(String),
    status,
    code,
    instance: 'urn:sallyport:occurrence:00ff',
  })
})

const faults = [
  { code: 'trust_store_unavailable', status: 503, retryAfter: '5' },
  { code: 'not_from_terminator', status: 421, retryAfter: null },
  { code: 'target_unreachable', status: 502, retryAfter: '5' },
  { code: 'target_unavailable', status: 503, retryAfter: '5' },
  { code: 'target_timeout', status: 504, retryAfter: '5' },
  { code: 'body_too_large', status: 413, retryAfter: null },
  { code: 'misconfigured', status: 500, retryAfter: null },
  { code: 'not_authorized', status: 403, retryAfter: null },
  { code: 'request_malformed', status: 400, retryAfter: null },
  { code: 'method_not_allowed', status: 405, retryAfter: null },
  { code: 'websocket_expected', status: 426, retryAfter: null },
] as const

test.each(faults)('$code is no decision on a certificate: $status', async (row) => {
  const { code, status, retryAfter } = row
  const response = problemDocument({ code, id: '00ff' })
  expect(response.headers.get('retry-after')).toBe(retryAfter)
  expect(await response.json()).toMatchObject({ status, code })
})

test.each(codes)('%s: a 401 names a scheme (RFC 9110 15.5.2), nothing else does', (code) => {
  const { headers } = problemDocument({ code, id: '00ff' })
  expect(headers.get('www-authenticate')).toBe(answers[code].status === 401 ? 'Sallyport' : null)
})

test('an id is 128 bits in hexadecimal', () => {
  const asked: number[] = []
  const random = (count: number) => {
    asked.push(count)
    return new Uint8Array(count).fill(0xa5)
  }
  expect(problemId(random)).toBe('a5'.repeat(16))
  expect(asked).toEqual([16])
})
