import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { valueOf } from '../../runtime/directory-pki.ts'
import { terminators, type Site, type Terminator } from './terminators.ts'
import { dayMs, publishTrust } from './fleet.ts'
import { ask, decisionOf, knock, optionsOf, type TlsVersion } from './knock.ts'
import { isInstalled, openStage, type ProxyStage, type RunningProxy } from './stage.ts'

/*
 * nginx and HAProxy with client certificates required and CRLs of their own let a revoked device back
 * in that resumes its TLS session: a handshake is not a check. The worker behind them asks at every
 * request, and refuses it.
 */

/** How a session is kept: by the client in a ticket, or by the server under an id. */
type Keeping = 'ticket' | 'id'

interface Resuming {
  readonly terminator: Terminator
  /** The terminator's configuration changed to verify, to ask its CRLs, and to keep sessions so. */
  readonly strict: (config: string, folder: string, keeping: Keeping) => string
  /** What a revoked device sees of the terminator itself, in a full handshake. */
  readonly refusal: string
}

const nginx: Resuming = {
  terminator: named('nginx'),
  strict: (config, folder, keeping) =>
    replaced(config, 'ssl_verify_client optional;', [
      `ssl_verify_client on; ssl_crl ${folder}/crls.pem;`,
      'ssl_session_cache shared:sessions:1m;',
      `ssl_session_tickets ${keeping === 'ticket' ? 'on' : 'off'};`,
      // Nodes behind one address share a key, and it outlives a reload: so do tickets.
      keeping === 'ticket' ? `ssl_session_ticket_key ${folder}/ticket.key;` : '',
    ]),
  refusal: '400',
}

const haproxy: Resuming = {
  terminator: named('haproxy'),
  strict: (config, folder, keeping) =>
    replaced(config, 'verify optional', [
      `verify required crl-file ${folder}/crls.pem`,
      keeping === 'ticket' ? `tls-ticket-keys ${folder}/tickets.txt` : 'no-tls-tickets',
    ]),
  refusal: 'closed',
}

function named(name: Terminator['name']): Terminator {
  const found = terminators.find((terminator) => terminator.name === name)
  if (found === undefined) throw new RangeError(`no terminator ${name}`)
  return found
}

function replaced(config: string, line: string, by: readonly string[]): string {
  if (!config.includes(line)) throw new Error(`the configuration has no "${line}"`)
  return config.replace(line, by.join(' '))
}

const ways: readonly { version: TlsVersion; keeping: Keeping }[] = [
  { version: 'TLSv1.2', keeping: 'ticket' },
  { version: 'TLSv1.3', keeping: 'ticket' },
  { version: 'TLSv1.2', keeping: 'id' },
]

let stage: ProxyStage

beforeAll(async () => {
  stage = await openStage()
  await writeFile(join(stage.folder, 'ticket.key'), randomBytes(80))
  const keys = Array.from({ length: 3 }, () => randomBytes(48).toString('base64'))
  await writeFile(join(stage.folder, 'tickets.txt'), `${keys.join('\n')}\n`)
}, 60_000)

afterAll(() => stage.close())

describe.each([nginx, haproxy])('$terminator.name', ({ terminator, strict, refusal }) => {
  const missing = !isInstalled(terminator)

  test.skipIf(missing).each(ways)(
    '$version, session by $keeping',
    { timeout: 30_000 },
    async ({ version, keeping }) => {
      const strictly: Terminator = {
        ...terminator,
        config: (site) => strict(terminator.config(site), site.folder, keeping),
      }
      const devices = await issueTwo(`${terminator.name}-${version}-${keeping}`)
      await writeCrls()
      let proxy = await start(strictly, {})
      const sessions = await Promise.all(devices.map((device) => sessionOf(proxy, device, version)))
      const [lost] = devices
      stage.fleet.authority.revoke(lost.serial, shift(stage.fleet.now, -1000), 'keyCompromise')
      await publishTrust(stage.fleet, stage.workers.put)
      if (keeping === 'ticket') {
        // The terminator is given the list too. Ids are gone once it starts anew.
        await writeCrls()
        await proxy.stop()
        proxy = await start(strictly, { port: proxy.port })
      }
      const { port } = proxy
      const full = decisionOf(await knock(optionsOf(port, stage.server.caPem, lost, version)))
      // With the list it does refuse the device, where the handshake is a full one.
      expect(full).toBe(keeping === 'ticket' ? refusal : '403 revoked')
      const resumed = await Promise.all(
        devices.map((device, index) => resume(proxy, device, version, sessions[index])),
      )
      await proxy.stop()
      expect(resumed).toEqual([
        // The status and the code are the worker's own: the terminator let the request through.
        { resumed: true, decision: '403 revoked' },
        { resumed: true, decision: '200' },
      ])
    },
  )
})

function start(strictly: Terminator, site: Partial<Site>): Promise<RunningProxy> {
  return stage.start(strictly, { ...site, clients: 'verified' })
}

async function issueTwo(prefix: string): Promise<readonly [DeviceCredential, DeviceCredential]> {
  // Of the authority that is not revoked, which the names decide.
  const issued: DeviceCredential[] = []
  for (let number = 1; issued.length < 2; number += 1) {
    const device = await stage.fleet.issue(`${prefix}-${number}`, -1, 30)
    if (device.issuer === 'issuing-1') issued.push(device)
  }
  const [lost, kept] = issued
  if (lost === undefined || kept === undefined) throw new RangeError('two devices')
  return [lost, kept]
}

/** The terminator's own lists: of every authority, as OpenSSL wants them. */
async function writeCrls(): Promise<void> {
  const { authority, now } = stage.fleet
  const crls = await authority.crls(shift(now, -60_000), 30 * dayMs)
  const pem = crls.map(({ der }) => encodePem('X509 CRL', der)).join('')
  await writeFile(join(stage.folder, 'crls.pem'), pem)
}

async function sessionOf(
  { port }: RunningProxy,
  device: DeviceCredential,
  version: TlsVersion,
): Promise<Buffer | undefined> {
  const connection = valueOf(await connect(optionsOf(port, stage.server.caPem, device, version)))
  expect(connection.resumed).toBe(false)
  expect(decisionOf(await ask(connection))).toBe('200')
  const session = connection.session()
  await connection.close()
  return session
}

async function resume(
  { port }: RunningProxy,
  device: DeviceCredential,
  version: TlsVersion,
  session: Buffer | undefined,
): Promise<{ readonly resumed: boolean; readonly decision: string }> {
  const options = optionsOf(port, stage.server.caPem, device, version)
  const connection = valueOf(
    await connect(session === undefined ? options : { ...options, session }),
  )
  const decision = decisionOf(await ask(connection))
  await connection.close()
  return { resumed: connection.resumed, decision }
}
