import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseScenario } from '#simulator/scenario/parse.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import type { Attempt } from '#simulator/oracle/attempt.ts'
import { createOracle } from '#simulator/oracle/oracle.ts'
import { observeFailure, observeResponse } from '#simulator/engine/observe.ts'
import { valueOf } from '../../runtime/directory-pki.ts'
import { terminators, type Terminator } from './terminators.ts'
import type { Member } from './fleet.ts'
import { decisionOf, knock, optionsOf, serialOf, tlsVersions } from './knock.ts'
import { isInstalled, openStage, type ProxyStage, type RunningProxy } from './stage.ts'

/*
 * Real terminators before the production worker in workerd, one fleet through each, TLS 1.2 and 1.3:
 * the same decisions, and those that the world's ledger holds to be right. nginx, Apache and Caddy
 * hand over the leaf alone, so the trust store holds every intermediate; with HAProxy, which hands
 * over the chain, that changes nothing.
 */

/**
 * Whom a terminator turns away by itself, whatever it is told. Apache's `optional_no_ca` covers
 * unknown issuers and nothing else, so a grace after expiry cannot be had behind it.
 */
const turnedAway: Readonly<Partial<Record<Terminator['name'], readonly string[]>>> = {
  apache: [
    'expired five days ago, inside the grace',
    'expired twenty days ago',
    'not yet valid',
    'forged: names, serial and key identifiers of a good one',
    'for servers, by our authority',
  ],
}

let stage: ProxyStage

beforeAll(async () => {
  stage = await openStage()
}, 60_000)

afterAll(() => stage.close())

describe.each(terminators)('$name', (terminator) => {
  const missing = !isInstalled(terminator)
  let proxy: RunningProxy

  beforeAll(async () => {
    if (!missing) proxy = await stage.start(terminator)
  })

  afterAll(async () => {
    if (!missing) await proxy.stop()
  })

  const answerTo = ({ shown }: Member, version: (typeof tlsVersions)[number]) =>
    knock(optionsOf(proxy.port, stage.server.caPem, shown, version))

  test.skipIf(missing).each(tlsVersions)(
    '%s: the same decisions',
    { timeout: 30_000 },
    async (version) => {
      const found: Record<string, string> = {}
      for (const member of stage.fleet.members) {
        found[member.name] = decisionOf(await answerTo(member, version))
      }
      const away = turnedAway[terminator.name] ?? []
      const wanted = stage.fleet.members.map(({ name, decision }) => [
        name,
        away.includes(name) ? 'closed' : decision,
      ])
      expect(found).toEqual(Object.fromEntries(wanted))
    },
  )

  test.skipIf(missing)('as the ledger says', async () => {
    const { members, ledger, now } = stage.fleet
    const phase = { name: 'now', forMs: 1, mode: 'verify', cookies: false } as const
    const grace = { word: 'grace', forMs: 14 * 86_400_000 } as const
    const scenario = { ...anyScenario(), phases: [{ ...phase, expired: grace }] }
    const oracle = createOracle({ ledger, scenario })
    const known = members.filter(
      ({ name, serial, shown }) =>
        (serial !== undefined || shown === undefined) &&
        turnedAway[terminator.name]?.includes(name) !== true,
    )
    for (const [id, member] of known.entries()) {
      const answer = await answerTo(member, 'TLSv1.3')
      const observation = answer.ok
        ? observeResponse(answer.value, 0)
        : observeFailure(answer.error, 0)
      const { verdict, because } = oracle.judge(attemptOf(member, id, now), observation)
      expect({ name: member.name, verdict, because }).toMatchObject({ verdict: 'right' })
    }
    expect(known.length).toBeGreaterThan(3)
  })

  test.skipIf(missing)('who is let in is who it is', async () => {
    for (const member of stage.fleet.members.filter(({ decision }) => decision === '200')) {
      if (turnedAway[terminator.name]?.includes(member.name) === true) continue
      expect(serialOf(await answerTo(member, 'TLSv1.3'))).toBe(member.serial)
    }
  })
})

/** The oracle asks a scenario for its phases, its front and the worker's staleness. */
function anyScenario(): Scenario {
  const file = 'test/scenarios/small.yaml'
  return valueOf(parseScenario(readFileSync(file, 'utf8'), file))
}

function attemptOf({ name, serial }: Member, id: number, at: Attempt['at']): Attempt {
  const intent = name.startsWith('forged') ? 'forged_chain' : 'regular'
  const common = { id, at, phase: 'now', actor: name, intent, protocol: 'https' } as const
  return { ...common, serial, cookieSerial: undefined, connection: 'fresh' }
}
