import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TlsOptions } from '#simulator/engine/client/tls-connection.ts'
import { cloudflareProfile } from '#simulator/front/profiles/cloudflare.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'
import { startEcho, type EchoedRequest, type EchoUpstream } from './echo-upstream.ts'
import { answered, connected, startTestFront, tlsOptions } from './stage.ts'

let world: TestWorld
let echo: EchoUpstream

beforeAll(async () => {
  world = await createTestWorld()
  echo = await startEcho()
})

afterAll(() => echo.close())

/** Connects twice, the second time with the first one's session. */
async function connectTwice(options: TlsOptions) {
  const first = await connected(options)
  const seenFirst = (await answered(first)).body as EchoedRequest
  const session = first.session()
  await first.close()
  const second = await connected({ ...options, ...(session === undefined ? {} : { session }) })
  const seenSecond = (await answered(second)).body as EchoedRequest
  const { resumed } = second
  await second.close()
  return { resumed, seenFirst, seenSecond }
}

const cases = [
  { resumption: 'never', version: 'TLSv1.2', resumes: false },
  { resumption: 'never', version: 'TLSv1.3', resumes: false },
  { resumption: 'allowed', version: 'TLSv1.2', resumes: true },
  { resumption: 'allowed', version: 'TLSv1.3', resumes: true },
] as const

test.each(cases)(
  'resumption $resumption, $version: resumed $resumes, the same facts',
  async (row) => {
    const front = await startTestFront(world, echo.url, cloudflareProfile, {
      resumption: row.resumption,
    })
    const count = { full: 0, resumed: 0 }
    const { resumed, seenFirst, seenSecond } = await connectTwice(
      tlsOptions(world, front.port, { minVersion: row.version, maxVersion: row.version, count }),
    )
    expect(resumed).toBe(row.resumes)
    expect(count).toEqual(row.resumes ? { full: 1, resumed: 1 } : { full: 2, resumed: 0 })
    expect(front.handshakes()).toBe(2)
    expect(seenSecond.local.cf).toEqual(seenFirst.local.cf)
    expect(seenSecond.local.cf.tlsClientAuth?.['certChainRFC9440']).not.toBe('')
    await front.close()
  },
)
