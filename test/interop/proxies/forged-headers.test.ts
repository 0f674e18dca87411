import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { platforms, type PlatformRow } from '#edge/platforms/by-name.ts'
import { knownHeaders } from '#edge/platforms/known-headers.ts'
import { toBase64 } from '#shared/bytes.ts'
import { writeClientCert } from '#shared/wire/rfc9440.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { valueOf } from '../../runtime/directory-pki.ts'
import { terminators } from './terminators.ts'
import type { Shown } from './fleet.ts'
import { ask, decisionOf, optionsOf, serialOf } from './knock.ts'
import { isInstalled, openStage, type ProxyStage, type RunningProxy } from './stage.ts'

/*
 * A client sends every header of every platform, with a good device's certificate in it, through each
 * real terminator: with a certificate of its own it is itself, without one it is nobody. Which of two
 * names the refusal has tells whether the terminator let the header pass.
 */

const rows: readonly PlatformRow[] = Object.values(platforms)

/** Every name that an adapter reads under its default settings, or that is known to be in use. */
const names: readonly string[] = [
  ...new Set([
    ...rows.flatMap((row) => row.create({}, (name) => expect.unreachable(name)).ownHeaders),
    ...knownHeaders.map((known) => ('name' in known ? known.name : known.family)),
    ...terminators.flatMap(({ settings }) => Object.values(settings)),
    'x-sallyport-hop',
  ]),
]

/** Servers behind have taken `_` and `.` for `-` (CVE-2026-54763). */
const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replaceAll('-', '.'),
]

const forgeries = names.flatMap((name) => [...new Set(spellings.map((spelt) => spelt(name)))])

/** The victim's certificate in the spelling that a header of this name has. */
function valueFor(header: string, { chainPem, leafDer }: DeviceCredential): string {
  const name = header.toLowerCase().replaceAll(/[_.]/g, '-')
  if (name.endsWith('verify') || name.endsWith('verified')) return 'SUCCESS'
  if (name.endsWith('present')) return '1'
  if (name.startsWith('client-cert') || name.startsWith('x-client-cert')) {
    return writeClientCert(leafDer)
  }
  if (name === 'x-forwarded-client-cert') return `Cert="${encodeURIComponent(chainPem)}"`
  const bare = ['x-arr-', 'x-forwarded-tls', 'x-tls-client']
  if (bare.some((prefix) => name.startsWith(prefix))) return toBase64(leafDer)
  const leafPem = chainPem.slice(0, chainPem.indexOf('-----BEGIN', 1))
  return encodeURIComponent(leafPem)
}

/** Below Apache's MaxKeepAliveRequests of 100, after which it ends a connection. */
const perConnection = 90

let stage: ProxyStage
let victim: DeviceCredential
let attacker: DeviceCredential

beforeAll(async () => {
  stage = await openStage()
  victim = await stage.fleet.issue('victim', -1, 30)
  attacker = await stage.fleet.issue('attacker', -1, 30)
}, 60_000)

afterAll(() => stage.close())

test('there is something to forge', () => {
  expect(forgeries.length).toBeGreaterThan(150)
})

describe.each(terminators)('$name', (terminator) => {
  const missing = !isInstalled(terminator)
  let proxy: RunningProxy

  beforeAll(async () => {
    if (!missing) proxy = await stage.start(terminator)
  })

  afterAll(async () => {
    if (!missing) await proxy.stop()
  })

  /** All of them, so many over each connection. */
  async function forgeAll(
    shown: Shown | undefined,
    look: (answer: Awaited<ReturnType<typeof ask>>) => string | undefined,
  ): Promise<Map<string | undefined, readonly string[]>> {
    const options = optionsOf(proxy.port, stage.server.caPem, shown, 'TLSv1.3')
    const found = new Map<string | undefined, readonly string[]>()
    for (let from = 0; from < forgeries.length; from += perConnection) {
      const connection = valueOf(await connect(options))
      for (const header of forgeries.slice(from, from + perConnection)) {
        const answer = await ask(connection, { headers: { [header]: valueFor(header, victim) } })
        const seen = look(answer)
        found.set(seen, [...(found.get(seen) ?? []), header.toLowerCase()])
      }
      await connection.close()
    }
    return found
  }

  test.skipIf(missing)('beside a certificate: let in as itself', { timeout: 30_000 }, async () => {
    const found = await forgeAll(attacker, serialOf)
    expect([...found.keys()]).toEqual([attacker.serial])
  })

  test.skipIf(missing)(
    'without a certificate: refused, every one',
    { timeout: 30_000 },
    async () => {
      const found = await forgeAll(undefined, decisionOf)
      expect([...found.keys()].toSorted()).toEqual(['401 header_forged', '401 no_certificate'])
      // What the terminator sets itself it overwrites, so nothing forged is left to be told of.
      const own = Object.values(terminator.settings).map((name) => name.toLowerCase())
      expect(found.get('401 no_certificate')).toEqual(expect.arrayContaining(own))
    },
  )

  test.skipIf(missing)('around the terminator: refused, whatever is claimed', async () => {
    const port = await stage.workers.portOf(terminator)
    const header = terminator.settings.CERT_HEADER ?? ''
    for (const hop of [{}, { 'x-sallyport-hop': 'p'.repeat(47) }]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { ...hop, [header]: valueFor(header, victim) },
      })
      expect(response.status).toBe(421)
      expect(await response.json()).toMatchObject({ code: 'not_from_terminator' })
    }
  })
})
