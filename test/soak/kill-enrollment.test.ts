import { expect, test } from 'vitest'
import { killEnrolments } from './kill-enrollment-world.ts'

// The whole of it is two hundred: node test/soak/kill-enrollment.ts
test('an enrolment server that is killed has issued nothing that the registry does not know', async () => {
  const report = await killEnrolments({ kills: 8, seed: 5, onProgress: () => undefined })
  expect(report.faults).toEqual([])
  expect(report.kills).toBe(8)
  expect(report.signed).toBeGreaterThan(0)
  expect(report.inIssue).toBeGreaterThan(0)
}, 300_000)
