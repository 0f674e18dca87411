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
  ['trust_store_unavailable', 503],
  ['not_from_terminator', 421],
  ['target_unreachable', 502],
  ['misconfigured', 500],
  ['not_authorized', 403],
  ['request_malformed', 400],
  ['websocket_expected', 426],
] as const

test.each(faults)('%s is no decision on a certificate: %d', async (code, status) => {
  const response = problemDocument({ code, id: '00ff' })
  expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
  expect(await response.json()).toMatchObject({ status, code })
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
