import { afterEach, describe, expect, test, vi } from 'vitest'
import { analyticsOf, type DataPoints } from '#edge/observe/analytics.ts'
import { instantFromIso } from '#shared/time.ts'
import type { Decision } from '#shared/verdict/decision.ts'

type Point = Parameters<DataPoints['writeDataPoint']>[0]

afterEach(() => vi.restoreAllMocks())

function written(count: (analytics: ReturnType<typeof analyticsOf>) => void): readonly Point[] {
  const points: Point[] = []
  count(analyticsOf({ writeDataPoint: (point) => void points.push(point) }))
  return points
}

const by = { platform: 'alb', policy: 'strict' }
const at = instantFromIso('2026-06-15T12:00:00Z')
const evidence = { at, epoch: 7, signaturesSpent: 2 }

const refused: Decision = {
  outcome: 'refused',
  rejection: { code: 'revoked', at: 0, serial: '2A', since: at },
  evidence,
}

const accepted: Decision = {
  outcome: 'accepted',
  identity: {
    serial: '2A',
    subject: 'CN=car-0001',
    issuer: 'CN=Root',
    spiffeId: 'spiffe://fleet.example/car-0001',
    notBefore: at,
    notAfter: at,
  },
  basis: { kind: 'session' },
  evidence,
}

describe('data points', () => {
  const rows = [
    { name: 'a refusal', decision: refused, blobs: ['request', 'refused', 'revoked'], spent: 2 },
    {
      name: 'an acceptance',
      decision: accepted,
      blobs: ['request', 'accepted', 'session'],
      spent: 2,
    },
    {
      name: 'nothing decided',
      decision: undefined,
      blobs: ['request', 'not_decided', 'not_decided'],
      spent: 0,
    },
  ]
  test.each(rows)('of $name', ({ decision, blobs, spent }) => {
    expect(written((analytics) => analytics.request(decision, 3, by))).toEqual([
      { indexes: [blobs[2]], blobs: [...blobs, 'alb', 'strict'], doubles: [spent, 3] },
    ])
  })

  test('of a session that was cut', () => {
    expect(written((analytics) => analytics.cut('expired', by))).toEqual([
      {
        indexes: ['expired'],
        blobs: ['session_cut', 'refused', 'expired', 'alb', 'strict'],
        doubles: [0, 0],
      },
    ])
  })

  test('name no device', () => {
    const text = JSON.stringify(written((analytics) => analytics.request(accepted, 0, by)))
    expect(text).not.toMatch(/car-0001|Root|2A/)
  })

  test('are within the bounds of the dataset, whatever a policy is called', () => {
    const policy = '🚗'.repeat(10_000)
    const [point] = written((analytics) => analytics.request(refused, 0, { ...by, policy }))
    const octets = point?.blobs.map((blob) => new TextEncoder().encode(blob).length) ?? []
    expect(octets.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(5120)
    expect(point?.blobs[4]).toBe('🚗'.repeat(32))
  })

  test('that are not taken fail nobody', () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const full: DataPoints = {
      writeDataPoint() {
        throw new Error('too many')
      },
    }
    analyticsOf(full).request(refused, 0, by)
    expect(logged.mock.calls.flat().join()).toContain('too many')
  })
})
