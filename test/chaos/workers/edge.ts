import type { Bindings } from '#edge/worker.ts'
import { createWorker } from '#edge/worker.ts'
import { everyIdlePeriod } from '#edge/websocket/repeat.ts'
import { instantFromMs } from '#shared/time.ts'
import {
  chaosHeader,
  largeOctets,
  probesHeader,
  type Fault,
  type Hindrance,
  type ProbeAnswer,
} from '../orders.ts'

/**
 * The edge worker of production, whose clock can be set forward and whose bucket and control plane can
 * be made slow or broken. Many devices are asked about in one request, so that fifty workers can be.
 */
let fault: Fault = {}

const worker = createWorker(
  { now: () => instantFromMs(Date.now() + (fault.forwardMs ?? 0)) },
  everyIdlePeriod,
)

export { ConnectionLogFiles } from '#edge/worker.ts'

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    if (request.headers.has(chaosHeader)) {
      fault = await request.json<Fault>()
      return new Response(null, { status: 204 })
    }
    const bent = { ...env, TRUST: bentBucket(env.TRUST), ...bentFeed(env) }
    if (!request.headers.has(probesHeader)) return worker.fetch(request, bent)
    const devices = await request.json<readonly CfProperties[]>()
    const answers: ProbeAnswer[] = []
    for (const cf of devices) {
      const response = await worker.fetch(new Request(request.url, { cf }), bent)
      answers.push(await response.json<ProbeAnswer>())
    }
    return Response.json(answers)
  },
}

function bentBucket(bucket: R2Bucket): R2Bucket {
  return new Proxy(bucket, {
    get(target, name) {
      if (name !== 'get') return Reflect.get(target, name)
      return async (key: string) => {
        if (fault.bucket !== 'large') await hinder(fault.bucket)
        const object = await target.get(key)
        if (fault.bucket !== 'large' || object === null || object.size < largeOctets) return object
        await object.body.cancel()
        throw new Error('broken on purpose')
      }
    },
  })
}

function bentFeed({ TRUST_STORE_FEED: feed }: Bindings): Pick<Bindings, 'TRUST_STORE_FEED'> {
  if (feed === undefined) return {}
  return {
    TRUST_STORE_FEED: new Proxy(feed, {
      get(target, name) {
        if (name !== 'head') return Reflect.get(target, name)
        return async (store: string) => {
          await hinder(fault.feed)
          return target.head(store)
        }
      },
    }),
  }
}

let flaky = 0

async function hinder(how: Hindrance | undefined): Promise<void> {
  if (how === 'flaky') flaky += 1
  if (how === 'broken' || (how === 'flaky' && flaky % 3 === 0)) throw new Error('broken on purpose')
  if (typeof how === 'number') await scheduler.wait(how)
}
