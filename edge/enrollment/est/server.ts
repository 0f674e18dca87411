import { Hono, type Context } from 'hono'
import { ok, type Result } from '#shared/result.ts'
import type { AppEnv, Ports } from '../../context.ts'
import type { Listener } from '../../listener.ts'
import type { EnrolmentPorts } from '../ports.ts'
import type { EnrolmentLabel } from '../label-settings.ts'
import type { EnrolmentSettings } from '../settings.ts'
import type { Signer } from '../signer.ts'
import { createSigner } from '../signers/create-signer.ts'
import {
  attributesAnswer,
  certificatesAnswer,
  laterAnswer,
  refusalAnswer,
  type EstRefusal,
} from './answers.ts'
import { requestAttributes } from './attributes.ts'
import { readRequestBody } from './body.ts'
import { identify, type Asking } from './claimant.ts'
import { enroll } from './enroll.ts'

/** RFC 7030 3.2.2. */
export const estPath = '/.well-known/est'

/**
 * The EST server of a listener (RFC 7030, 8951), to be asked behind `presented` and before anything
 * that refuses a device for having no certificate yet.
 */
export function createEstServer(
  listener: Listener,
  settings: EnrolmentSettings,
  ports: Ports,
  enrolment: EnrolmentPorts,
): Hono<AppEnv> {
  const signers = new Map(
    [...settings.cas].map(([name, ca]) => [name, createSigner(ca, enrolment.askCa, ports.clock)]),
  )
  const app = new Hono<AppEnv>()
  app.all(`${estPath}/*`, async (context) => {
    const place = placeOf(context.req.path, settings)
    const signer = place === undefined ? undefined : signers.get(place.label.ca.name)
    if (place === undefined || signer === undefined) return refusalAnswer(notFound)
    const { label, operation } = place
    const answered = await answer(operation, { context, label, signer, listener, ports, enrolment })
    if (answered.ok) return answered.value
    tell(enrolment, context.req.path, answered.error)
    return refusalAnswer(answered.error)
  })
  return app
}

interface Place {
  readonly label: EnrolmentLabel
  readonly operation: string
}

/** Whoever only looks about fills no log: no token and no certificate, or an address that is none. */
function tell(
  { report }: EnrolmentPorts,
  path: string,
  { status, code, because }: EstRefusal,
): void {
  if (code === 'no_certificate' || status === 404 || status === 405) return
  report(`${path} answered ${status} ${code}: ${because}`)
}

/** RFC 7030 3.2.2: `/.well-known/est/operation` and `/.well-known/est/label/operation`. */
function placeOf(path: string, { labels }: EnrolmentSettings): Place | undefined {
  const parts = path.slice(estPath.length + 1).split('/')
  const operation = parts.at(-1)
  const label =
    parts.length > 2 ? undefined : labels.get(parts.length === 2 ? (parts[0] ?? '') : '')
  return label === undefined || operation === undefined ? undefined : { label, operation }
}

interface Call {
  readonly context: Context<AppEnv>
  readonly label: EnrolmentLabel
  readonly signer: Signer
  readonly listener: Listener
  readonly ports: Ports
  readonly enrolment: EnrolmentPorts
}

type Answered = Result<Response, EstRefusal>

/** RFC 7030 3.2.2, table 1: each operation with its method. */
function answer(operation: string, call: Call): Answered | Promise<Answered> {
  switch (operation) {
    case 'cacerts':
      return under('GET', call, () => caCertificates(call))
    case 'csrattrs':
      return under('GET', call, () => ok(attributesAnswer(requestAttributes(call.label.profile))))
    case 'simpleenroll':
    case 'simplereenroll':
      return under('POST', call, () => certificate(operation, call))
    case 'serverkeygen':
      return under('POST', call, () => notImplemented(noServerKeys))
    case 'fullcmc':
      return under('POST', call, () => notImplemented('this server speaks simple enrollment alone'))
    default:
      return { ok: false, error: notFound }
  }
}

function under(
  method: 'GET' | 'POST',
  { context }: Call,
  run: () => Answered | Promise<Answered>,
): Answered | Promise<Answered> {
  const { method: asked } = context.req
  if (asked === method || (asked === 'HEAD' && method === 'GET')) return run()
  const allow = method === 'GET' ? 'GET, HEAD' : method
  const because = `this operation is asked for with ${allow}`
  return { ok: false, error: { status: 405, code: 'method_not_allowed', because, allow } }
}

const notFound: EstRefusal = {
  status: 404,
  code: 'not_found',
  because: 'there is no such label or operation here',
}

/** RFC 7030 4.4: optional. A key that was once here is one that somebody here may have kept. */
const noServerKeys = 'no private key is made for a device: make it where it is used'

const notImplemented = (because: string): Answered => ({
  ok: false,
  error: { status: 501, code: 'not_implemented', because },
})

/** RFC 7030 4.1: nobody has to authenticate for this. */
async function caCertificates({ signer, enrolment }: Call): Promise<Answered> {
  const certificates = await signer.caCertificates()
  if (certificates.ok) return ok(certificatesAnswer(certificates.value))
  enrolment.report(`the CA told no certificates: ${certificates.error.because}`)
  return { ok: false, error: unavailable }
}

const unavailable: EstRefusal = {
  status: 503,
  code: 'unavailable',
  because: 'the service cannot answer at the moment: ask again',
}

async function certificate(operation: Asking['operation'], call: Call): Promise<Answered> {
  const { context, label, signer, listener, ports, enrolment } = call
  const body = await readRequestBody(context.req.raw)
  if (!body.ok) return body
  const asking = {
    operation,
    presented: context.get('presented'),
    authorization: context.get('headers').get('authorization'),
    request: body.value,
    path: context.req.path,
  }
  const decided = (decision: Parameters<Parameters<typeof identify>[1]['decided']>[0]): void => {
    context.set('decision', decision)
  }
  const identified = await identify(asking, { label, policy: listener.policy, ports, decided })
  if (!identified.ok) return identified
  const { registry, report } = enrolment
  try {
    const enrolled = await enroll(asking, identified.value, {
      label,
      ports,
      registry,
      signer,
      report,
    })
    if (!enrolled.ok) return enrolled
    const { value } = enrolled
    return value.kind === 'certificate'
      ? ok(certificatesAnswer([value.certificate]))
      : ok(laterAnswer(value.retryAfterMs, value.because))
  } catch (error) {
    // What keeps the registry from answering is thrown: nothing leaves, and the device asks again.
    report(`an enrolment was not finished: ${String(error)}`)
    return { ok: false, error: unavailable }
  }
}
