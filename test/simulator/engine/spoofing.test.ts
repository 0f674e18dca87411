import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { noSabotage, startLocalStage } from '#simulator/engine/local-stage.ts'
import type { Stage } from '#simulator/engine/stage.ts'
import { createVirtualTimeline } from '#simulator/engine/timeline.ts'
import type { FrontProfileName, Scenario } from '#simulator/scenario/scenario.ts'
import { ask, issueDevice, open, publishCrls, told } from './device.ts'
import { smallScenario } from './run-small.ts'

// A client sends the headers of every terminator to the front, with a certificate that is good and
// not its own. The front plays the worst case of each platform and strips none of them.

const names = [
  'X-Amzn-Mtls-Clientcert',
  'x-amzn-mtls-clientcert',
  'X_Amzn_Mtls_Clientcert',
  'X.Amzn.Mtls.Clientcert',
  'X-Amzn-Mtls-Clientcert-Leaf',
  'X-Amzn-Mtls-Clientcert-Serial-Number',
  'X-Amzn-Mtls-Clientcert-Subject',
  'Client-Cert',
  'CLIENT_CERT',
  'Client-Cert-Chain',
  'X-Forwarded-Client-Cert',
  'x_forwarded_client_cert',
  'ssl-client-cert',
  'X-SSL-Client-Cert',
  'X-ARR-ClientCert',
  'Cf-Client-Cert-Der-Base64',
] as const

const listeners = [
  { profile: 'cloudflare', phase: 0, withoutCertificate: { status: 401, code: 'header_forged' } },
  { profile: 'cloudflare', phase: 2, withoutCertificate: { status: 401, code: 'no_certificate' } },
  // In verify mode ALB closes the connection; in passthrough mode the gateway decides nothing.
  { profile: 'alb', phase: 0, withoutCertificate: 'closed' },
  { profile: 'alb', phase: 2, withoutCertificate: { status: 401, code: 'no_certificate' } },
] as const

describe.each(listeners)('$profile, phase $phase', ({ profile, phase, withoutCertificate }) => {
  let authority: Authority
  let stage: Stage
  let victim: DeviceCredential
  let attacker: DeviceCredential

  beforeAll(async () => {
    const scenario = onlyPhase(profile, phase)
    const { start } = scenario.time
    authority = await createAuthority({ seed: 1, start, intermediates: 1, ledger: new Ledger() })
    const timeline = createVirtualTimeline(start)
    stage = await startLocalStage({ scenario, authority, timeline, port: 0, sabotage: noSabotage })
    await publishCrls(authority, stage, start)
    victim = await issueDevice(authority, start)
    attacker = await issueDevice(authority, start)
  }, 30_000)

  afterAll(() => stage.close())

  test.each(names)('%s without a certificate: refused', async (name) => {
    const answer = await knock(stage, { [name]: valueFor(name, victim) })
    expect(answer).toEqual(withoutCertificate)
  })

  test.each(names)('%s beside a certificate: let in as itself', async (name) => {
    const connection = await open(stage, attacker)
    const answer = await ask(connection, { [name]: valueFor(name, victim) })
    expect(answer).toEqual({ status: 200, serial: attacker.serial })
    await connection.close()
  })
})

/** One request without a certificate: its answer, or that the connection was closed without one. */
async function knock(
  { address }: Stage,
  headers: Readonly<Record<string, string>>,
): Promise<Awaited<ReturnType<typeof ask>> | 'closed'> {
  const opened = await connect(address)
  const answer = opened.ok
    ? await opened.value.request({ method: 'GET', path: '/', headers })
    : opened
  if (opened.ok) await opened.value.close()
  if (answer.ok) return told(answer.value)
  if (answer.error.kind === 'connection_closed' && answer.error.answered === 0) return 'closed'
  throw new Error(JSON.stringify(answer.error))
}

function onlyPhase(profile: FrontProfileName, index: number): Scenario {
  const scenario = smallScenario({ profile })
  const phase = scenario.phases[index]
  if (phase === undefined) throw new RangeError(`the scenario has no phase ${index}`)
  return { ...scenario, phases: [{ ...phase, forMs: scenario.time.durationMs }] }
}

/** The victim's certificate or its facts, in the spelling that the header has. */
function valueFor(name: string, { chainPem, leafDer, serial }: DeviceCredential): string {
  const canonical = name.toLowerCase().replaceAll(/[_.]/g, '-')
  if (canonical.endsWith('serial-number')) return serial
  if (canonical.endsWith('subject')) return 'CN=car-1'
  const base64 = Buffer.from(leafDer).toString('base64')
  if (canonical.startsWith('client-cert')) return `:${base64}:`
  if (canonical.includes('base64') || canonical.startsWith('x-arr')) return base64
  const escaped = encodeURIComponent(chainPem)
  return canonical === 'x-forwarded-client-cert' ? `Cert="${escaped}"` : escaped
}
