import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instantFromMs } from '#shared/time.ts'
import { createAuthority, type Authority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { noSabotage, startLocalStage } from '#simulator/engine/local-stage.ts'
import { runRemotely } from '#simulator/engine/run.ts'
import type { Stage } from '#simulator/engine/stage.ts'
import { createRealTimeline } from '#simulator/engine/timeline.ts'
import { inRealTime } from '#simulator/scenario/real-time.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import { smallScenario } from './run-small.ts'

// A deployment somewhere else is played by a front and workers whose clock is the machine's.
const ledger = new Ledger()
let authority: Authority
let scenario: Scenario
let deployment: Stage
let inbox: Server
let trustDir: string

beforeAll(async () => {
  const now = instantFromMs(Date.now())
  const compressed = inRealTime(smallScenario({ days: 1.5, mode: 'verify' }), now, 11_000)
  if (typeof compressed === 'string') throw new Error(compressed)
  scenario = compressed
  authority = await createAuthority({ seed: 7, start: now, intermediates: 2, ledger })
  const timeline = createRealTimeline()
  deployment = await startLocalStage({
    scenario,
    authority,
    timeline,
    port: 0,
    sabotage: noSabotage,
  })
  inbox = await startInbox(deployment)
  trustDir = await mkdtemp(join(tmpdir(), 'sallyport-trust-'))
}, 30_000)

afterAll(async () => {
  inbox.close()
  await deployment.close()
  await rm(trustDir, { recursive: true })
})

test('a fleet against a deployment in real time: every decision is right, and CRLs get there', async () => {
  const { port } = inbox.address() as AddressInfo
  const poster = fileURLToPath(new URL('post-file.mjs', import.meta.url))
  const { result } = await runRemotely({
    scenario,
    file: 'small.yaml',
    replay: 'the same again',
    signal: new AbortController().signal,
    onProgress: () => {},
    ledger,
    authority,
    target: {
      url: new URL(`https://localhost:${deployment.address.port}/`),
      serverCaPem: deployment.address.caPem,
      trustDir,
      publishCommand: `INBOX=http://127.0.0.1:${port} "${process.execPath}" "${poster}"`,
    },
  })
  expect(result.ended).toBe('complete')
  expect(result.wrongAccepts + result.unexplainedRefusals + result.broken).toBe(0)
  expect(result.decisions).toBeGreaterThan(50)
  expect(result.phases[0]?.refused).toMatchObject({ revoked: expect.any(Number) })
  expect(await readdir(trustDir)).toEqual(['anchors.pem', 'crl', 'intermediates.pem'])
}, 60_000)

test('a life too short for X.509 is refused with the most that can be', () => {
  const now = instantFromMs(0)
  expect(inRealTime(smallScenario(), now, 100_000)).toBe(
    'certificates would live for 576 ms: compress at most 11520 times',
  )
})

/** Takes files by PUT and writes them into the deployment's bucket. */
async function startInbox(stage: Stage): Promise<Server> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1)
    buffer(request)
      .then((octets) => stage.publish(name, octets))
      .then(
        () => response.end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
