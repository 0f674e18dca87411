import type { Context } from 'hono'
import { equalBytes } from '#shared/bytes.ts'
import { readIdentity } from '#shared/enrollment/identity.ts'
import { subjectOf } from '#shared/enrollment/subject.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { AppEnv, Ports } from '../context.ts'
import { answerProblem } from '../middleware/answer-problem.ts'
import type { Step } from '../middleware/in-turn.ts'
import type { ProblemCode } from '../observe/problem.ts'
import { runtimeAfter, type After } from '../routing/deadline.ts'
import { keysAbove } from './est/claimant.ts'
import type { EnrolmentPorts } from './ports.ts'
import type { StatusAnswer } from './registry/context.ts'
import type { RegistryRefusal } from './registry/refusal.ts'
import type { EnrolmentSettings, FirstConnectionRule } from './settings.ts'

/**
 * First connections that one isolate has under way. Each is some five questions to the registry; what
 * comes beyond is told to come again.
 */
const underWayMax = 64

/** What becomes of a request: in, or the problem that is answered. */
type Standing =
  | 'in'
  | Extract<
      ProblemCode,
      'device_unregistered' | 'device_pending' | 'device_inactive' | 'registry_unavailable'
    >

/**
 * Just-in-time registration on the request path (AWS IoT's JITR): behind a decision that let a
 * certificate in, and before the request goes on. A certificate that the listener's own CAs signed was
 * written down when it was issued. Of another one the registry is asked, once for each isolate: the
 * rule of its nearest registered CA makes the device active or pending, or refuses it. Whoever the
 * registry does not answer for in time is not let in; the registration goes on, and the next request
 * finds it done. Who is suspended later is refused by the trust store, as ever.
 */
export function registered(
  rule: FirstConnectionRule,
  { cas }: Pick<EnrolmentSettings, 'cas'>,
  ports: Pick<Ports, 'random' | 'after'>,
  enrolment: EnrolmentPorts,
): Step<AppEnv> {
  const own = [...cas.values()].flatMap(({ certificates }) => certificates)
  const ask = createAsker(rule, enrolment, ports.after ?? runtimeAfter)
  // As long as the isolate remembers the path itself.
  const known = new WeakSet<Certificate>()
  return (context) => {
    const path = acceptedPath(context)
    if (path === undefined) return undefined
    if (path === 'none') return answerProblem(context, ports, 'device_unregistered')
    const [leaf] = path.certificates
    if (known.has(leaf)) return undefined
    if (isIssuedBy(path, own)) {
      known.add(leaf)
      return undefined
    }
    return ask(path).then((standing) => {
      if (standing !== 'in') return answerProblem(context, ports, standing)
      known.add(leaf)
      return undefined
    })
  }
}

/**
 * What was let in by its bytes. Undefined where nothing was decided, or a session stands for a path: no
 * session is given before this step. `none`: a platform's word, which has no certificate to register.
 */
function acceptedPath(context: Context<AppEnv>): VerifiedPath | 'none' | undefined {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted' || decision.basis.kind === 'session') return undefined
  return decision.basis.kind === 'path' ? decision.basis.path : 'none'
}

/** Signed by the key of one of them. */
function isIssuedBy({ certificates, anchor }: VerifiedPath, cas: readonly Certificate[]): boolean {
  const issuer = certificates[1]?.spki ?? anchor.spki
  return cas.some(({ spki }) => equalBytes(spki, issuer))
}

/** Asks the registry about a path, within the rule's time and as often at once as may be. */
function createAsker(
  rule: FirstConnectionRule,
  enrolment: EnrolmentPorts,
  after: After,
): (path: VerifiedPath) => Promise<Standing> {
  let underWay = 0
  return (path) => {
    if (underWay >= underWayMax) return Promise.resolve('registry_unavailable')
    underWay += 1
    const asked = standingOf(path, rule, enrolment).finally(() => (underWay -= 1))
    enrolment.background?.(asked)
    return within(asked, rule.waitMs, after)
  }
}

/** What is answered where the time is over: the registry goes on. */
function within(asked: Promise<Standing>, ms: number, after: After): Promise<Standing> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => resolve('registry_unavailable'))
    asked.then(resolve, reject).finally(cancel)
  })
}

/** Never rejects: what keeps the registry from answering is reported, and nobody is let in by it. */
async function standingOf(
  path: VerifiedPath,
  rule: FirstConnectionRule,
  { registry, report }: EnrolmentPorts,
): Promise<Standing> {
  const [{ der: leaf, subject, extensions }] = path.certificates
  const names = subjectOf('certificate', subject, extensions.subjectAltNames)
  const { device } = readIdentity(names, rule.identity, undefined)
  if (device === undefined) return 'device_unregistered'
  try {
    const met = await registry.firstConnection({ device, leaf, cas: await keysAbove(path) })
    if (met.ok) return standingOfDevice(met.value)
    if (met.error.code === 'ca_unknown' && rule.unregistered === 'accept') return 'in'
    report(`the first connection of ${device}: ${met.error.code}: ${met.error.because}`)
    return problemOf(met.error)
  } catch (error) {
    report(`the registry did not answer at the first connection of ${device}: ${String(error)}`)
    return 'registry_unavailable'
  }
}

function standingOfDevice({ device }: StatusAnswer): Standing {
  if (device.status === 'pending') return 'device_pending'
  return device.status === 'active' && device.suspendedClass === undefined
    ? 'in'
    : 'device_inactive'
}

const problemOf = ({ code }: RegistryRefusal): Standing =>
  code === 'certificate_revoked' ? 'device_inactive' : 'device_unregistered'
