import { toPem } from '../ca/pem.ts'
import { swapKey } from '../ca/swap-key.ts'
import type { PlannedAttack } from '../device/plan.ts'
import type { Intent } from '../oracle/attempt.ts'
import type { HostileKind } from '../scenario/scenario.ts'
import { mergeDeeds, noDeeds, type Deeds } from './deeds.ts'
import type { DeviceAgent, Surroundings } from './device-agent.ts'
import type { DeviceRequest } from './client/device-connection.ts'
import type { DeviceCredential } from './client/tls-connection.ts'

/** What an attack needs of a device. */
export type Party = Pick<DeviceAgent, 'profile' | 'credential' | 'cookie' | 'requestOnce'>

/** What an attack has to work with. `actor` is a device of its own only where it needs to be one. */
interface Scene {
  readonly plan: PlannedAttack
  readonly victim: Party
  readonly actor: Party | undefined
  readonly around: Surroundings
  /** Counts the attacks of a run: picks a spelling. */
  readonly ordinal: number
}

type Attack = (scene: Scene) => Promise<Deeds>

/** One row an attack. */
const attacks: Readonly<Record<HostileKind, Attack>> = {
  no_certificate: (scene) => knock(scene, undefined, undefined, {}),
  forged_chain: forgeChain,
  swapped_key: swapTheKey,
  wrong_purpose: comeAsServer,
  forged_header: forgeHeader,
  header_besides: sendHeaderBesides,
  copied_cookie: copyCookie,
  cookie_alone: sendCookieAlone,
  long_chain: sendLongChain,
  ended_intermediate: sendEndedIntermediate,
}

export const attack: Attack = (scene) => attacks[scene.plan.kind](scene)

/**
 * A chain with all the names and numbers of the victim's, signed by keys of the attacker's own;
 * every other time without its intermediate, so that nobody known has signed the leaf at all.
 */
async function forgeChain(scene: Scene): Promise<Deeds> {
  const { victim, around, ordinal } = scene
  const real = victim.credential
  if (real === undefined) return noDeeds()
  const { id, kind } = victim.profile
  const { serial, notBefore, notAfter } = real
  const forged = await around.authority.forge({ device: id, kind, serial, notBefore, notAfter })
  const leafOnly = { keyPem: forged.keyPem, chainPem: firstBlock(forged.chainPem) }
  return knock(scene, ordinal % 2 === 0 ? forged : leafOnly, serial, {})
}

function firstBlock(pem: string): string {
  return pem.slice(0, pem.indexOf('-----BEGIN', 1))
}

/** The victim's certificate is known to all; its key is not. */
async function swapTheKey(scene: Scene): Promise<Deeds> {
  const real = scene.victim.credential
  if (real === undefined) return noDeeds()
  const { keyPem, der } = await swapKey(real.leafDer)
  const chainPem = toPem('CERTIFICATE', der) + toPem('CERTIFICATE', real.intermediateDer)
  return knock(scene, { keyPem, chainPem }, real.serial, {})
}

/** The fleet's CA has certified servers as well; one of them was broken into. */
async function comeAsServer(scene: Scene): Promise<Deeds> {
  const { plan, victim, around, ordinal } = scene
  const real = victim.credential
  if (real === undefined) return noDeeds()
  const device = `${plan.actor}-${ordinal}`
  const at = around.now()
  const { notBefore, notAfter } = real
  const dated = { device, notBefore, notAfter, purpose: 'server' } as const
  const issued = await around.authority.issue({ ...dated, kind: victim.profile.kind, at })
  const { serial, issuer } = issued
  const knocked = await knock(scene, issued, serial, {})
  return { ...knocked, issued: [{ ...dated, serial, issuer, issuedAt: at }] }
}

/** Deeper than any chain of a device; ALB's limit on depth is four. */
const longChainLength = 12

/** The victim itself, with certificates of its CA again and again behind its own. */
async function sendLongChain(scene: Scene): Promise<Deeds> {
  const real = scene.victim.credential
  if (real === undefined) return noDeeds()
  const { keyPem, chainPem, serial } = real
  const more = toPem('CERTIFICATE', real.intermediateDer).repeat(longChainLength)
  return knock(scene, { keyPem, chainPem: chainPem + more }, serial, {})
}

/** The victim itself, as if it had never heard that its CA has a new certificate. */
async function sendEndedIntermediate(scene: Scene): Promise<Deeds> {
  const real = scene.victim.credential
  if (real === undefined) return noDeeds()
  const { keyPem, leafDer, issuer, serial } = real
  const ended = await scene.around.authority.endedIntermediate(issuer)
  const chainPem = toPem('CERTIFICATE', leafDer) + toPem('CERTIFICATE', ended)
  return knock(scene, { keyPem, chainPem }, serial, {})
}

/** Spellings under which servers behind have taken a client's word for the terminator's. */
const forgedSpellings = [
  'X-Amzn-Mtls-Clientcert',
  'x_amzn_mtls_clientcert',
  'X-AMZN-MTLS-CLIENTCERT-LEAF',
  'Client-Cert',
  'client_cert',
  'X-Forwarded-Client-Cert',
  'X_Forwarded_Client_Cert',
  'ssl-client-cert',
  'X.Forwarded.Client.Cert',
] as const

/** No certificate in the handshake, but the victim's, which is no secret, in a header. */
async function forgeHeader(scene: Scene): Promise<Deeds> {
  const headers = headersNaming(scene)
  return headers === undefined ? noDeeds() : knock(scene, undefined, undefined, headers)
}

/** Another device, good in itself, with a header that names the victim. */
async function sendHeaderBesides(scene: Scene): Promise<Deeds> {
  const headers = headersNaming(scene)
  const { actor } = scene
  if (headers === undefined || actor === undefined) return noDeeds()
  return actor.requestOnce(undefined, 'header_besides', headers)
}

function headersNaming({ victim, ordinal }: Scene): Readonly<Record<string, string>> | undefined {
  const real = victim.credential
  if (real === undefined) return undefined
  const name = forgedSpellings[ordinal % forgedSpellings.length] ?? forgedSpellings[0]
  return { [name]: forgedValue(name, real.chainPem, real.leafDer) }
}

function forgedValue(name: string, chainPem: string, leafDer: Uint8Array): string {
  const canonical = name.toLowerCase().replaceAll(/[_.]/g, '-')
  if (canonical === 'client-cert') return `:${Buffer.from(leafDer).toString('base64')}:`
  const escaped = encodeURIComponent(chainPem)
  return canonical === 'x-forwarded-client-cert' ? `Cert="${escaped}"` : escaped
}

/** The victim gets a cookie; another device, good in itself, comes with a copy of it. */
async function copyCookie({ victim, actor }: Scene): Promise<Deeds> {
  const lured = await victim.requestOnce(undefined, 'regular')
  const { cookie } = victim
  if (cookie === undefined || actor === undefined) return lured
  const copied = await actor.requestOnce(cookie, 'copied_cookie')
  return mergeDeeds(lured, copied)
}

/** The victim gets a cookie; somebody without any certificate comes with a copy of it. */
async function sendCookieAlone(scene: Scene): Promise<Deeds> {
  const { victim } = scene
  const lured = await victim.requestOnce(undefined, 'regular')
  const { cookie } = victim
  if (cookie === undefined) return lured
  return mergeDeeds(lured, await knock(scene, undefined, undefined, { cookie: cookie.cookie }))
}

/** One request of an attacker over a connection of its own. */
async function knock(
  { plan, around }: Scene,
  credential: DeviceCredential | undefined,
  serial: string | undefined,
  headers: NonNullable<DeviceRequest['headers']>,
): Promise<Deeds> {
  const deeds = noDeeds()
  const intent: Intent = plan.kind
  const common = {
    at: around.now(),
    actor: plan.actor,
    intent,
    protocol: 'https',
    connection: 'fresh',
  } as const
  const attempt = { ...common, serial, cookieSerial: undefined }
  const line = await around.door.openHttps(credential)
  if (!line.ok) {
    deeds.attempts.push({ attempt, observation: line.error })
    return deeds
  }
  const { observation } = await line.value.request({ method: 'GET', path: '/telemetry', headers })
  deeds.attempts.push({ attempt, observation })
  await line.value.close()
  return deeds
}
