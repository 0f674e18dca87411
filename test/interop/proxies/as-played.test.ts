import { once } from 'node:events'
import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { ConnectionVerdict } from '#simulator/front/profile.ts'
import { playedPlatforms } from '#simulator/front/profiles/by-name.ts'
import { frontProfileNames } from '#simulator/scenario/scenario.ts'
import { valueOf } from '../../runtime/directory-pki.ts'
import type { Member } from './fleet.ts'
import { knock, optionsOf } from './knock.ts'
import { isInstalled, openStage, type ProxyStage, type RunningProxy } from './stage.ts'
import { startEcho, terminators } from './terminators.ts'
import { hopSecret } from './workers.ts'

/*
 * The simulator plays these four: what its front hands over is, to the byte, what the real one sends.
 */

let stage: ProxyStage
let echo: { readonly server: Server; readonly port: number }

beforeAll(async () => {
  stage = await openStage()
  echo = await startEcho()
}, 60_000)

afterAll(async () => {
  echo.server.close()
  await once(echo.server, 'close')
  await stage.close()
})

const setting = { mode: 'verify', expired: 'allow', albPrefix: 'x-unused-', hopSecret } as const

/** What the terminator makes of a member, by its own means: none of them is given a CRL. */
const cases = [
  { member: 'no certificate', verdict: 'none', apart: [] },
  { member: 'good car, its leaf alone', verdict: 'untrusted', apart: [] },
  { member: 'good meter, with its intermediate', verdict: 'success', apart: [] },
  { member: 'expired twenty days ago', verdict: 'expired', apart: ['apache'] },
] as const

function verdictOf(word: (typeof cases)[number]['verdict']): ConnectionVerdict {
  if (word === 'none' || word === 'success') return { kind: word }
  return { kind: 'failed', rejection: rejections()[word] }
}

function rejections(): Readonly<Record<'untrusted' | 'expired', Rejection>> {
  const { now } = stage.fleet
  return {
    untrusted: { code: 'untrusted', at: 0, issuer: new Uint8Array() },
    expired: { code: 'expired', at: 0, now, notAfter: shift(now, -1000) },
  }
}

function chainOf({ shown }: Member) {
  return shown === undefined ? [] : valueOf(decodePem(shown.chainPem, 'CERTIFICATE'))
}

describe.each(terminators)('$name', (terminator) => {
  const missing = !isInstalled(terminator)
  const name = frontProfileNames.find((each) => each === terminator.name)
  let proxy: RunningProxy

  beforeAll(async () => {
    if (!missing) proxy = await stage.start(terminator, { upstreamPort: echo.port })
  })

  afterAll(async () => {
    if (!missing) await proxy.stop()
  })

  // With Apache no expired certificate comes as far.
  const comparable = cases.filter(({ apart }) => !apart.some((each) => each === terminator.name))

  test.skipIf(missing).each(comparable)('$member', async ({ member: wanted, verdict }) => {
    const member = stage.fleet.members.find((each) => each.name === wanted)
    if (member === undefined || name === undefined) throw new RangeError(wanted)
    const played = await playedPlatforms[name].front(setting).connectionFacts({
      chain: chainOf(member),
      verdict: verdictOf(verdict),
      clientAddress: '127.0.0.1',
      port: proxy.port,
      tlsVersion: 'TLSv1.3',
    })
    const own = played.headers.filter(([header]) => header !== 'x-forwarded-proto')
    const options = optionsOf(proxy.port, stage.server.caPem, member.shown, 'TLSv1.3')
    const lines = linesOf(valueOf(await knock(options)).body)
    expect(own.map(([header]) => [header, lines.get(header)])).toEqual(own)
    expect(own.length).toBeGreaterThan(2)
  })
})

/** The echo's lines by their names in lower case; a header that came twice fails the test. */
function linesOf(body: unknown): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  for (const [name, value] of JSON.parse(String(body)) as [string, string][]) {
    expect(lines.has(name.toLowerCase())).toBe(false)
    lines.set(name.toLowerCase(), value)
  }
  return lines
}
