import type { Context } from 'hono'
import { identityOfLeaf } from '#shared/identity/device-identity.ts'
import { rememberByOctets } from '#shared/octet-memo.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import { createOpenedTokens } from '#shared/session/opened-tokens.ts'
import { openSession, sealSession, type SessionOptions } from '#shared/session/session.ts'
import { after, type Soon } from '#shared/soon.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { verifySoon, type Verification } from '#shared/verify.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { carriedToken, clearedCookie, tokenLine } from '../session/token-carrier.ts'
import { answerProblem } from './answer-problem.ts'
import type { Step } from './in-turn.ts'
import type { RequestHeaders } from './request-headers.ts'

/** Under verify: lets in or refuses. A session may save the path; revocation is asked all the same. */
export function decided(listener: Listener, ports: Ports): Step<AppEnv> {
  const sessions = sessionsOf(listener, ports)
  return (context) => {
    const { mode, certificate, policy } = context.get('listenerPolicy')
    // What a passthrough is given is the target's own token.
    if (listener.session !== undefined && mode !== 'passthrough') {
      context.set('headers', context.get('headers').withoutToken())
    }
    if (mode !== 'verify') return undefined
    // Without a certificate nothing is decided: it goes on as nobody.
    if (certificate === 'optional' && context.get('presented').kind === 'none') return undefined
    return decideUnder(policy, context, sessions, ports)
  }
}

/** At once where all is at hand, as it is for a device that comes again: most requests wait for nothing. */
function decideUnder(
  policy: VerificationPolicy,
  context: Context<AppEnv>,
  sessions: Sessions | undefined,
  ports: Ports,
): Soon<Response | undefined> {
  return after(ports.trustStore.current(), (store) => {
    if (store === undefined) return answerProblem(context, ports, 'trust_store_unavailable')
    const now = ports.clock.now()
    const { verifier, crls, caches } = ports
    const verification = { store, policy, now, verifier, crls, caches }
    const decision = decide(context, sessions, verification)
    return after(decision, (made) => answerTo(made, context, ports))
  })
}

function answerTo(
  decision: Decision,
  context: Context<AppEnv>,
  ports: Ports,
): Response | undefined {
  const answered = toldOfForgery(decision, context.get('headers'))
  context.set('decision', answered)
  if (decision.outcome === 'accepted' && decision.basis.kind === 'path') {
    ports.trustStore.used?.(decision.basis.path.anchor)
  }
  return answered.outcome === 'refused'
    ? refused(context, ports, answered.rejection.code)
    : undefined
}

/** Behind the app: a header set before it is not on a response that the target made. */
export function giveToken(context: Context<AppEnv>): void {
  const line = context.get('tokenLine')
  if (line !== undefined) context.header(...line, { append: true })
}

/** No certificate, but headers that pretend one: worth a name of its own in logs. */
function toldOfForgery(decision: Decision, sent: RequestHeaders): Decision {
  if (decision.outcome === 'accepted' || decision.rejection.code !== 'no_certificate') {
    return decision
  }
  const headers = sent.forged()
  if (headers.length === 0) return decision
  return { ...decision, rejection: { code: 'header_forged', headers } }
}

function refused(context: Context<AppEnv>, ports: Ports, code: RejectionCode): Response {
  const response = answerProblem(context, ports, code)
  if (code === 'session_of_other_certificate') {
    // A device that renewed its certificate still sends the old one's cookie: its next request is free of it.
    response.headers.append('set-cookie', clearedCookie)
  }
  return response
}

function decide(
  context: Context<AppEnv>,
  sessions: Sessions | undefined,
  verification: Verification,
): Soon<Decision> {
  const presentedNow = context.get('presented')
  const options = sessionOptions(context, sessions)
  return options === undefined
    ? verifySoon(presentedNow, verification)
    : decideInSession(context, presentedNow, verification, options)
}

function decideInSession(
  context: Context<AppEnv>,
  presentedNow: Presented,
  verification: Verification,
  options: SessionOptions,
): Soon<Decision> {
  const resumed = resume(context, presentedNow, verification, options)
  return after(
    resumed,
    (decision) => decision ?? beginSession(context, presentedNow, verification, options),
  )
}

async function beginSession(
  context: Context<AppEnv>,
  presentedNow: Presented,
  verification: Verification,
  options: SessionOptions,
): Promise<Decision> {
  const decision = await verifySoon(presentedNow, verification)
  if (decision.outcome === 'refused' || decision.basis.kind !== 'path') return decision
  context.set('session', 'issued')
  const token = await sealSession(decision.basis.path, verification, options)
  // Before an app behind is handed a request without the token, and so without the way it came.
  context.set('tokenLine', tokenLine(carriedToken(context.req.raw.headers).carrier, token))
  return decision
}

/** What the sessions of a listener have in common, whichever host they are for. */
type Sessions = Omit<SessionOptions, 'audience'>

function sessionsOf({ session }: Listener, { random }: Ports): Sessions | undefined {
  return session && { ...session, random, opened: createOpenedTokens() }
}

function sessionOptions(
  context: Context<AppEnv>,
  sessions: Sessions | undefined,
): SessionOptions | undefined {
  // An upgrade opens a session of its own that is asked again at every message: it needs the path.
  if (sessions === undefined || context.get('headers').get('upgrade') !== null) return undefined
  return { ...sessions, audience: new URL(context.req.url).host }
}

/** Devices that one isolate talks to within some minutes; 4,000 identities of leaves of this weight take some 8 MB. */
const identityBounds = { countMax: 4000, weightMax: 4 * 1024 * 1024 }

/** Whose a leaf is, as its session's requests come again and again; undefined where it cannot be read. */
const identityOfDer = rememberByOctets((der) => {
  const leaf = parseCertificate(der)
  return leaf.ok ? identityOfLeaf(leaf.value) : undefined
}, identityBounds)

/** A decision by the session's token; undefined where the chain has to be verified. */
function resume(
  context: Context<AppEnv>,
  presentedNow: Presented,
  verification: Verification,
  options: SessionOptions,
): Soon<Decision | undefined> {
  const { token } = carriedToken(context.req.raw.headers)
  if (token === undefined || presentedNow.kind !== 'chain') return undefined
  if (presentedNow.platformSaysRevoked === true) return undefined
  const { leaf } = presentedNow
  return after(openSession(token, leaf, verification, options), (opened): Decision | undefined => {
    if (opened.verdict === 'reverify') return undefined
    const evidence = { at: verification.now, epoch: verification.store.epoch, signaturesSpent: 0 }
    if (opened.verdict === 'refused')
      return { outcome: 'refused', rejection: opened.rejection, evidence }
    const identity = identityOfDer(leaf)
    if (identity === undefined) return undefined
    context.set('session', 'used')
    return { outcome: 'accepted', identity, basis: { kind: 'session' }, evidence }
  })
}
