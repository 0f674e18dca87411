import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { platforms, type PlatformRow } from '#edge/platforms/by-name.ts'
import type { Platform } from '#edge/platforms/platform.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import {
  freePort,
  programOf,
  requestThrough,
  startEcho,
  startTerminator,
  terminators,
  writeSite,
} from './terminators.ts'

/*
 * Real terminators, real mutual TLS: what they write is what the adapters read. Skipped by name
 * where a program is missing. The dates are the real clock's, by which these programs verify.
 */

const dayMs = 86_400_000
let folder = ''
let device: DeviceCredential
let other: DeviceCredential
let echo: { readonly server: Server; readonly port: number }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-terminators-'))
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const options = { seed: 3, start: validity.notBefore, intermediates: 1, ledger: new Ledger() }
  const authority = await createAuthority(options)
  const request = { kind: 'car', at: validity.notBefore, ...validity }
  device = await authority.issue({ device: 'car-0001', ...request })
  other = await authority.issue({ device: 'car-0002', ...request })
  const server = await createServerCredential(validity)
  writeSite(folder, { ...server, anchorsPem: authority.anchorsPem })
  echo = await startEcho()
})

afterAll(async () => {
  echo.server.close()
  await once(echo.server, 'close')
  rmSync(folder, { recursive: true })
})

const identity = () => ({ key: device.keyPem, cert: device.chainPem })

describe.each(terminators)('$name', (terminator) => {
  const program = programOf(terminator)
  const { name, settings } = terminator
  const row: PlatformRow = platforms[name]
  const platform: Platform = row.create(settings, (variable) => expect.unreachable(variable))
  let running: ChildProcess
  let port = 0

  beforeAll(async () => {
    if (program === undefined) return
    port = await freePort()
    const site = { folder, port, upstreamPort: echo.port, program }
    running = await startTerminator(terminator, site)
  })

  afterAll(async () => {
    if (program === undefined) return
    running.kill()
    await once(running, 'exit')
  })

  /** Every header of the platform, in two spellings, with another device's certificate. */
  const forged = () =>
    Object.fromEntries(
      platform.ownHeaders.flatMap((header) => [
        [header, encodeURIComponent(encodePem('CERTIFICATE', other.leafDer))],
        [header.replaceAll('-', '_'), 'x'],
      ]),
    )

  test.skipIf(program === undefined)(
    'a device is who it is, whatever headers it sends',
    async () => {
      const { headers } = await requestThrough(port, { ...identity(), headers: forged() })
      const presented = await platform.read({ headers })
      expect(presented).toMatchObject({ kind: 'chain', leaf: device.leafDer })
      const passesChain = name === 'haproxy'
      const intermediates = passesChain ? [device.intermediateDer] : []
      expect(presented).toMatchObject({ intermediates })
    },
  )

  test.skipIf(program === undefined)('a client without a certificate has none', async () => {
    const { headers } = await requestThrough(port, { headers: forged() })
    expect(await platform.read({ headers })).toEqual({ kind: 'none' })
  })

  test.skipIf(program === undefined)('a resumed session brings the leaf alone', async () => {
    const { session } = await requestThrough(port, identity())
    const client = session === undefined ? identity() : { ...identity(), session }
    const { resumed, headers } = await requestThrough(port, client)
    expect(resumed).toBe(true)
    expect(await platform.read({ headers })).toEqual({
      kind: 'chain',
      leaf: device.leafDer,
      intermediates: [],
    })
  })
})
