import { randomBytes } from 'node:crypto'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { instantFromMs } from '#shared/time.ts'
import { bundleWorker } from '../engine/bundle-worker.ts'
import { startFront } from '../front/front.ts'
import { playedPlatforms } from '../front/profiles/by-name.ts'
import type { FrontSetting } from '../front/played.ts'
import type { GatewaySetup, Publication, RunningGateway, Site } from './gateway.ts'

/**
 * Our own worker, as it is deployed, in workerd behind the front, which resumes TLS sessions and
 * judges nobody. It asks for a newer trust store at each request; a list clears a week longer than it
 * says, as an operator would have it whose devices must not all be out when the publisher is late.
 */
export const sallyportSetups: readonly GatewaySetup[] = [
  { gateway: 'sallyport', variant: 'front and worker, CRL_GRACE 7d', protocol: 'https', start },
]

/** What the gateways of Sallyport are set to beside their trust store; the key is one run's. */
export const sallyportPolicy = () => ({
  MAX_STALENESS: '0s',
  CRL_GRACE: '7d',
  CONNECTION_LOG: 'off',
  SESSION_KEYS: `run:${randomBytes(32).toString('base64')}`,
})

const platform = 'rfc9440'
const prefix = 'trust-stores/default/'

async function start(site: Site): Promise<RunningGateway> {
  const setting: FrontSetting = {
    mode: 'verify',
    expired: 'refuse',
    albPrefix: 'x-unused-',
    hopSecret: randomBytes(24).toString('hex'),
  }
  const runtime = await startWorker(setting)
  const bucket = await runtime.getR2Bucket('TRUST', 'edge')
  const put = async (name: string, octets: Uint8Array): Promise<void> => {
    await bucket.put(`${prefix}${name}`, octets)
  }
  await put('anchors.pem', Buffer.from(site.anchorsPem))
  await put('intermediates.pem', Buffer.from(site.intermediatesPem))
  for (const { name, der } of site.lists) await put(`crl/${name}`, der)
  const front = await startFront({
    profile: playedPlatforms[platform].front(setting),
    upstream: (await runtime.ready).origin,
    localKey: randomBytes(24).toString('hex'),
    clock: { now: () => instantFromMs(Date.now()) },
    // Never asked: the platform that is played forms no verdict.
    judge: () => Promise.reject(new Error('rfc9440 has no verdict of its own')),
    resumption: 'allowed',
    serverCredential: site.server,
    port: 0,
  })
  return {
    port: front.port,
    publish: (publication) =>
      publish(publication, put, async (name) => bucket.delete(`${prefix}${name}`)),
    async stop() {
      await front.close()
      await runtime.dispose()
    },
  }
}

async function startWorker(setting: FrontSetting): Promise<Miniflare> {
  const { text } = await bundleWorker('./edge/worker')
  return new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        {
          name: 'edge',
          modules: [{ type: 'ESModule', path: 'worker.mjs', contents: text }],
          compatibilityDate: '2026-10-15',
          bindings: {
            ...sallyportPolicy(),
            PLATFORM: platform,
            ...playedPlatforms[platform].gateway(setting),
          },
          r2Buckets: { TRUST: 'sallyport-trust' },
        },
      ],
    }),
  )
}

/** Objects of the trust store's bucket, each list a file: whoever publishes tells nobody. */
export async function publish(
  publication: Publication,
  put: (name: string, octets: Uint8Array) => Promise<void>,
  remove: (name: string) => Promise<void>,
): Promise<string> {
  switch (publication.kind) {
    case 'lists':
      for (const { name, der } of publication.lists) await put(`crl/${name}`, der)
      return 'the lists are written to the trust store'
    case 'damaged':
      await put(`crl/${publication.name}`, publication.octets)
      return `crl/${publication.name} is written to the trust store`
    case 'missing':
      await remove(`crl/${publication.name}`)
      return `crl/${publication.name} is taken out of the trust store`
  }
}
