import { expect, test } from 'vitest'
import { refusal, serviceFault } from '#edge/observe/problem.ts'
import { rejections, type RejectionCode } from '#shared/verdict/rejection.ts'

const codes = Object.keys(rejections) as RejectionCode[]

test.each(codes)('%s is a problem document without details', async (code) => {
  const response = refusal(code)
  const { status } = rejections[code]
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
  expect(await response.json()).toEqual({
    type: `urn:sallyport:problem:${code}`,
    title: expect.any(String),
    status,
    code,
  })
})

test('a fault of the service says when to come back', async () => {
  const response = serviceFault(503, 'trust_store_unavailable')
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({ status: 503, code: 'trust_store_unavailable' })
})
