import { beforeAll, describe, expect, test } from 'vitest'
import { instantFromMs } from '#shared/time.ts'
import { findingsOf, storyLines } from '#simulator/chaos/findings.ts'
import { runMatrix, type SetupResult } from '#simulator/chaos/matrix.ts'
import { setupName } from '#simulator/gateways/gateway.ts'
import { gatewaySetups, isInstalled } from '#simulator/gateways/setups.ts'

/*
 * Real servers, as people run them, caught in the act. What each lets in is written down here: a
 * newer version that behaves otherwise shows as a failure, and the documents have to follow.
 */

/** What every server of OpenSSL does: the end of a certificate is looked at in full handshakes alone. */
const everywhere = ['expired resumed', 'expired held', 'good stale list'] as const

/** By the configuration, the attempts that come out wrong, under TLS 1.2 and 1.3 alike. */
const known: Readonly<Record<string, readonly string[]>> = {
  'nginx, ticket key file': [...everywhere, 'revoked resumed'],
  'nginx, shared cache': everywhere,
  'nginx, shared cache, no tickets': [...everywhere, 'revoked resumed'],
  'haproxy, reload by -sf': everywhere,
  'haproxy, runtime commit of the list': [...everywhere, 'revoked resumed', 'revoked held'],
  // Its graceful restart with an unusable list ends it.
  'apache, graceful restart': [...everywhere, 'good damaged list'],
  'mosquitto, SIGHUP': [...everywhere, 'revoked held', 'revoked damaged list'],
  'node, setSecureContext': [...everywhere, 'revoked held'],
  'node, shared ticketKeys': [...everywhere, 'revoked resumed', 'revoked held'],
  'sallyport, front and worker, CRL_GRACE 7d': [],
  'sallyport-serve, tickets, CRL_GRACE 7d': [],
}

const clock = { now: () => instantFromMs(Date.now()) }
const results = new Map<string, SetupResult>()

// Side by side: each waits for its own short-lived certificate to end.
beforeAll(async () => {
  await Promise.all(
    gatewaySetups.filter(isInstalled).map(async (setup) => {
      results.set(setupName(setup), await runMatrix(setup, clock))
    }),
  )
}, 180_000)

describe.each(gatewaySetups)('$gateway, $variant', (setup) => {
  const name = setupName(setup)
  const missing = !isInstalled(setup)

  test.skipIf(missing)('every bad cell is flagged, under both versions, and no other', () => {
    const wrong = checks().filter(({ holds }) => !holds)
    const cells = wrong.map(({ fault, subject, way, tls }) =>
      fault === 'expiry' || fault === 'revocation'
        ? `${subject} ${way} ${tls}`
        : `${subject} ${fault} ${tls}`,
    )
    const expected = known[name]?.flatMap((cell) => [`${cell} TLSv1.2`, `${cell} TLSv1.3`])
    expect(cells.toSorted()).toEqual(expected?.toSorted())
  })

  test.skipIf(missing)('the good are let in, and did resume their sessions', () => {
    const good = checks().filter(
      ({ fault, subject }) => fault === 'handshakes' && subject === 'good',
    )
    expect(good.map(({ way, outcome }) => [way, outcome.accepted])).toEqual(
      Array.from({ length: 2 }, () => ['full', 'resumed', 'held'].map((way) => [way, true])).flat(),
    )
    expect(results.get(name)?.resumptions).toBeGreaterThanOrEqual(2)
  })

  test.skipIf(missing)('a finding is told with its evidence', () => {
    for (const finding of findingsOf(setup, checks())) {
      const lines = storyLines(finding)
      expect(lines[0]).toContain(name)
      expect(lines[1]).toContain(`breaks ${finding.invariant}`)
      expect(lines.at(-1)).toContain('<<<')
      expect(finding.story.length).toBeGreaterThan(1)
    }
  })

  function checks() {
    const result = results.get(name)
    if (result === undefined) throw new Error(`${name} did not run`)
    return result.checks
  }
})
