import type { Context } from 'hono'
import { generateCookie, getCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import { identityOfLeaf } from '#shared/identity/device-identity.ts'
import { openSession, sealSession, type SessionOptions } from '#shared/session/session.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { answerProblem } from './answer-problem.ts'

/** The `__Host-` prefix keeps the cookie to this host, `/` and TLS (RFC 6265bis 4.1.3.2). */
export const sessionCookie = '__Host-sallyport'

const cookieAttributes = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const

/** In verify mode: lets in or refuses. A session may save the path; revocation is asked all the same. */
export function decided(listener: Listener, ports: Ports) {
  return createMiddleware<AppEnv>(async (context, next) => {
    if (listener.mode !== 'verify') return next()
    const store = await ports.trustStore.current()
    if (store === undefined) return answerProblem(context, ports, 'trust_store_unavailable')
    const now = ports.clock.now()
    const { verifier, crls, caches } = ports
    const verification = { store, policy: listener.policy, now, verifier, crls, caches }
    const { decision, token } = await decide(context, listener, ports, verification)
    const answered = toldOfForgery(decision, context.get('forged'))
    context.set('decision', answered)
    if (answered.outcome === 'refused') return refused(context, ports, answered.rejection.code)
    await next()
    // Behind `next`: a header set before it is not on a response that the target made.
    if (token !== undefined) {
      const cookie = generateCookie(sessionCookie, token, cookieAttributes)
      context.header('set-cookie', cookie, { append: true })
    }
    return undefined
  })
}

/** No certificate, but headers that pretend one: worth a name of its own in logs. */
function toldOfForgery(decision: Decision, headers: readonly string[]): Decision {
  if (decision.outcome === 'accepted' || headers.length === 0) return decision
  if (decision.rejection.code !== 'no_certificate') return decision
  return { ...decision, rejection: { code: 'header_forged', headers } }
}

function refused(context: Context<AppEnv>, ports: Ports, code: RejectionCode): Response {
  const response = answerProblem(context, ports, code)
  if (code === 'session_of_other_certificate') {
    // A device that renewed its certificate still sends the old one's cookie: its next request is free of it.
    const cookie = generateCookie(sessionCookie, '', { ...cookieAttributes, maxAge: 0 })
    response.headers.append('set-cookie', cookie)
  }
  return response
}

interface Decided {
  readonly decision: Decision
  /** Of the session that begins with this request. */
  readonly token?: string
}

async function decide(
  context: Context<AppEnv>,
  listener: Listener,
  ports: Ports,
  verification: Verification,
): Promise<Decided> {
  const presentedNow = context.get('presented')
  const options = sessionOptions(context, listener, ports)
  if (options === undefined) return { decision: await verify(presentedNow, verification) }
  const resumed = await resume(context, presentedNow, verification, options)
  if (resumed !== undefined) return { decision: resumed }
  const decision = await verify(presentedNow, verification)
  if (decision.outcome === 'refused' || decision.basis.kind !== 'path') return { decision }
  context.set('session', 'issued')
  return { decision, token: await sealSession(decision.basis.path, verification, options) }
}

function sessionOptions(
  context: Context<AppEnv>,
  { session }: Listener,
  { random }: Ports,
): SessionOptions | undefined {
  // An upgrade opens a session of its own that is asked again at every message: it needs the path.
  if (session === undefined || context.req.header('upgrade') !== undefined) return undefined
  const audience = new URL(context.req.url).host
  return { ...session, audience, random }
}

/** A decision by the session's token; undefined where the chain has to be verified. */
async function resume(
  context: Context<AppEnv>,
  presentedNow: Presented,
  verification: Verification,
  options: SessionOptions,
): Promise<Decision | undefined> {
  const token = getCookie(context, sessionCookie)
  if (token === undefined || presentedNow.kind !== 'chain') return undefined
  if (presentedNow.platformSaysRevoked === true) return undefined
  const opened = await openSession(token, presentedNow.leaf, verification, options)
  if (opened.verdict === 'reverify') return undefined
  const evidence = { at: verification.now, epoch: verification.store.epoch, signaturesSpent: 0 }
  if (opened.verdict === 'refused')
    return { outcome: 'refused', rejection: opened.rejection, evidence }
  const leaf = parseCertificate(presentedNow.leaf)
  if (!leaf.ok) return undefined
  context.set('session', 'used')
  const identity = identityOfLeaf(leaf.value)
  return { outcome: 'accepted', identity, basis: { kind: 'session' }, evidence }
}
