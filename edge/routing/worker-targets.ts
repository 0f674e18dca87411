import { isFields } from '../platforms/reading.ts'
import { urlAtTarget } from '../target-url.ts'
import type { ConfigFault } from '../variables.ts'
import type { Routing, TargetAddress } from './routing.ts'
import { cloudflareCodes } from './target-fault.ts'
import type { OpenTarget, SendToTarget } from './target.ts'
import { workerAnswer } from './worker-answer.ts'

interface Fetcher {
  fetch(request: Request): Promise<Response>
}

/** Opens the targets of a Worker: URLs, and service bindings by the names that they have in `env`. */
export function openWorkerTarget(env: object): OpenTarget {
  return (address) => {
    if (address.kind === 'binding') {
      const { name } = address
      const fetcher = bindingOf(env, name)
      if (fetcher === undefined) throw new Error(missing(name))
      const key = `binding:${name}`
      return { name: key, send: sendToService(fetcher, key), addressOf: asRequested }
    }
    const { url } = address
    const { host } = new URL(url)
    const addressOf = (requested: string): URL => urlAtTarget(requested, url)
    const send: SendToTarget = async (request, limits) => {
      const answer = await fetch(new Request(addressOf(request.url), request))
      return workerAnswer(await fromOrigin(answer), host, limits)
    }
    return { name: host, send, addressOf }
  }
}

/** @param name as logs have it */
export function sendToService(service: Fetcher, name: string): SendToTarget {
  return async (request, limits) => workerAnswer(await service.fetch(request), name, limits)
}

/**
 * Cloudflare's network answers in the place of an origin that does not, and `fetch` takes that for the
 * origin's own answer: as an error it is passed over like any other target that is away.
 */
async function fromOrigin(response: Response): Promise<Response> {
  const code = cloudflareCodes.get(response.status)
  if (code === undefined) return response
  await response.body?.cancel()
  throw Object.assign(new Error(`Cloudflare answered ${response.status} in its place`), { code })
}

/** A service binding is asked under the address of the request itself. */
const asRequested = (requested: string): URL => new URL(requested)

/** What `openWorkerTarget` would not find, and targets that are told in two ways at once. */
export function workerTargetFaults(
  env: Readonly<Partial<Record<'TARGET' | 'TARGET_URL', unknown>>>,
  routing: Routing | undefined,
): readonly ConfigFault[] {
  if (routing === undefined) return []
  const twice = env.TARGET !== undefined || env.TARGET_URL !== undefined
  const missed = [...routing.groups.values()]
    .flat()
    .flatMap((address) => (isMissed(env, address) ? fault(missing(address.name)) : []))
  return twice ? [fault('none beside TARGET or TARGET_URL'), ...missed] : missed
}

function isMissed(
  env: object,
  address: TargetAddress,
): address is Extract<TargetAddress, { kind: 'binding' }> {
  return address.kind === 'binding' && bindingOf(env, address.name) === undefined
}

const fault = (expected: string): ConfigFault => ({ variable: 'TARGET_GROUPS', expected })

const missing = (name: string): string =>
  `a service binding ${name} in wrangler.toml, as there is a target binding:${name}`

function bindingOf(env: object, name: string): Fetcher | undefined {
  const binding: unknown = isFields(env) ? env[name] : undefined
  return isFetcher(binding) ? binding : undefined
}

const isFetcher = (value: unknown): value is Fetcher =>
  isFields(value) && typeof value['fetch'] === 'function'
