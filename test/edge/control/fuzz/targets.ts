import type { Random } from '#simulator/random.ts'
import { must, type Input, type Target } from '../../../fuzz/target.ts'
import { endpoint } from '../elbv2/stage.ts'
import { elbv2Request, scopeOfAction, type Elbv2Request } from './elbv2-requests.ts'
import { bearersOf, jsonRequest, may, neededBy, type JsonRequest } from './json-requests.ts'
import { changedParts, createFiles, createWorld, registryPart } from './world.ts'

/** Rows of logs that a world takes before another is made in its place. */
const rowsMax = 5000

/** How a request was answered, and what became of the world. */
interface Outcome {
  readonly status: number
  readonly type: string
  readonly text: string
  /** Whether a row was written anywhere, be it of a log. */
  readonly isWritten: boolean
  /** What is in force otherwise than before. */
  readonly changed: readonly string[]
}

/** The two APIs of the control plane, as inputs of a run of `fuzz`. */
export async function createApiTargets(): Promise<readonly Target[]> {
  const files = await createFiles()
  let world = await createWorld(files)
  const words = world.words
  const now = world.plane.clock.now()
  let before = world.parts()
  let rows = 0
  const send = async (request: Request): Promise<Outcome> => {
    const written = world.written()
    const response = await world.app.request(request)
    const text = await response.text()
    const more = world.written() - written
    const changed = more === 0 ? [] : changedParts(before, world.parts())
    rows += more
    if (changed.length > 0 || rows > rowsMax) {
      world = await createWorld(files)
      before = world.parts()
      rows = 0
    }
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, text, isWritten: more > 0, changed }
  }
  return [
    target('json', (random) => {
      const request = jsonRequest(words, random)
      return inputOf(request, async () => {
        const outcome = await send(jsonOf(request))
        judgeJson(request, outcome)
        return outcome.status < 300
      })
    }),
    target('elbv2', (random) => {
      const request = elbv2Request(words, random, now)
      return inputOf(request, async () => {
        const outcome = await send(elbv2Of(request))
        judgeElbv2(request, outcome)
        return outcome.status < 300
      })
    }),
  ]
}

const target = (name: string, make: (random: Random) => Input): Target => ({
  name,
  share: 500,
  make,
})

const inputOf = (request: object, ask: () => Promise<boolean>): Input => ({
  octets: () => Buffer.from(JSON.stringify(request, undefined, 2)),
  ask,
})

const jsonOf = ({ method, path, headers, body }: JsonRequest): Request =>
  new Request(`https://control.example/api/v1${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  })

function elbv2Of({ method, path, headers, body }: Elbv2Request): Request {
  return new Request(new URL(path, endpoint), { method, headers, body })
}

/** 405 is nowhere, and 5xx is nobody's fault but ours. */
const jsonStatuses = [200, 201, 204, 400, 401, 403, 404, 409, 413, 415, 422]

/** @throws what does not hold */
function judgeJson(request: JsonRequest, outcome: Outcome): void {
  const { status, type, text, changed, isWritten } = outcome
  const said = `${status} ${text.slice(0, 200)}`
  must(jsonStatuses.includes(status), `answered ${said}`)
  const isOurs = new URL(`https://control.example/api/v1${request.path}`).pathname.startsWith(
    '/api/v1/',
  )
  if (!isOurs) {
    must(!isWritten, 'something was written by what is none of the API')
    return
  }
  const bearers = bearersOf(request)
  const isDone = status < 300
  if (!isDone && request.method !== 'HEAD') {
    must(type.startsWith('application/problem+json'), `a refusal that is no problem: ${said}`)
    const code: unknown = (JSON.parse(text) as { readonly code?: unknown }).code
    must(typeof code === 'string', `a refusal without a code: ${said}`)
  }
  const need = neededBy(request)
  must(bearers.length > 0 || status === 401 || need.scope === 'none', `nobody's token, and ${said}`)
  must(changed.length === 0 || isDone, `${said}, and yet ${changed.join(', ')}`)
  if (!isDone && !isWritten) return
  const { scope, store } = need
  const isAllowed =
    scope === 'none' || (scope !== 'nobody' && bearers.some((name) => may(name, scope, store)))
  must(isAllowed, `${bearers.join()} may not (${JSON.stringify(need)}), and yet ${said}`)
  const isLook = request.method === 'GET' || request.method === 'HEAD'
  must(!isLook || changed.length === 0, `a look changed ${changed.join(', ')}`)
  const isRegistry = store === registryPart
  const own = isRegistry ? registryPart : `store:${store ?? ''}`
  // Every trust store is told whom the registry refuses.
  const isOwn = (part: string): boolean =>
    isRegistry ? part.startsWith(`${registryPart}/`) || part.startsWith('store:') : part === own
  must(changed.every(isOwn), `${own} was asked for, and ${changed.join(', ')} changed`)
}

/** @throws what does not hold */
function judgeElbv2(request: Elbv2Request, outcome: Outcome): void {
  const { status, text, changed, isWritten } = outcome
  const said = `${status} ${text.slice(0, 300)}`
  must([200, 400, 403].includes(status), `answered ${said}`)
  must(status === 200 || /<Code>\w+<\/Code>/.test(text), `a refusal without a code: ${said}`)
  must(request.isSigned || (status !== 200 && !isWritten), `not signed, and ${said}`)
  must(changed.length === 0 || status === 200, `${said}, and yet ${changed.join(', ')}`)
  if (changed.length === 0) return
  const action = /^<(\w+)Response /.exec(text)?.[1] ?? ''
  const scope = scopeOfAction(action)
  must(
    scope !== undefined && scope !== 'read' && may(request.who, scope),
    `${request.who} changed ${changed.join(', ')} by ${action}`,
  )
  const stores = changed.filter((part) => part.startsWith('store:')).map((part) => part.slice(6))
  must(
    stores.every((store) => may(request.who, scope ?? 'admin', store)),
    `${request.who} changed ${changed.join(', ')}`,
  )
}
