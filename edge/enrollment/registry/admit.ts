import { toHex } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock } from '#shared/time.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Approval } from './authorities.ts'
import type { Binding } from './bindings.ts'
import { claimOfText } from './claimants.ts'
import { isDeviceName, type Device } from './device.ts'
import type { EnrolmentOrder } from './begin.ts'
import type { EnrolmentRules } from './recall.ts'
import type { Ended } from './settle.ts'
import { validityFrom } from './granted-validity.ts'
import type { RegistryParts } from './parts.ts'
import type { Admission, EnrolmentAttempt, EnrolmentRefusal } from './registry.ts'

/** What is asked of whoever approves devices. */
export interface ApprovalQuestion {
  readonly device: string
  readonly claimant: EnrolmentAttempt['claimant']['kind']
  readonly keySha256: string
  readonly requestSha256: string
}

/** A hook's word on a new device: code of one's own, or a webhook. `wait`: asked again with the next poll. */
export type Approve = (question: ApprovalQuestion) => Promise<'approve' | 'refuse' | 'wait'>

/** A claim that more show than it is for. */
export interface ClaimAlarm {
  readonly code: 'claim_leaked'
  readonly claim: string
  readonly refused: number
}

export interface AdmitOptions {
  readonly parts: RegistryParts
  readonly clock: Clock
  readonly random: RandomOctets
  readonly rules: EnrolmentRules & { readonly validityMs: number }
  readonly approve: Approve | undefined
  readonly alarm: (alarm: ClaimAlarm) => void
}

/** What lets an attempt go on, and what takes it back where nothing comes of it. */
interface Entitled {
  readonly approval: Approval
  readonly classes: readonly string[]
  readonly isBound: boolean
  readonly isRepeatedClaim: boolean
  readonly takeBack: () => Promise<void>
}

/** Nobody guesses 128 bits, and the CA/Browser Forum asks for 64. */
const serialOctets = 16

/**
 * Says whether an attempt gets a certificate. What is used up of a claim and of a key lies in parts of
 * its own: each is held first, the device's own part decides last, and what is held is let go of where
 * that says no. A crash in between leaves it held: nobody else gets it, and the same request goes on.
 */
export async function admit(
  attempt: EnrolmentAttempt,
  options: AdmitOptions,
): Promise<Result<Admission, EnrolmentRefusal>> {
  if (!isDeviceName(attempt.device)) return err(malformedName)
  const { parts, clock, rules } = options
  const devices = parts.ofDevice(attempt.device)
  const recalled = await devices.recall(attempt, clock.now(), rules)
  if (!recalled.ok) return recalled
  if (recalled.value.kind === 'settled') return ok(recalled.value.admission)
  const { device, waitsFor } = recalled.value
  const entitled =
    waitsFor === undefined ? await entitle(attempt, device, options) : ok(entitledBefore(waitsFor))
  if (!entitled.ok) return entitled
  const held = await hold(attempt, parts)
  if (!held.ok) {
    await entitled.value.takeBack()
    return held
  }
  const admitted = await decide(attempt, entitled.value, options)
  const isUsed = admitted.ok && admitted.value.kind !== 'issued' && waitsFor === undefined
  if (!isUsed) {
    await entitled.value.takeBack()
    await held.value()
  }
  return admitted
}

const malformedName: EnrolmentRefusal = {
  code: 'device_malformed',
  because: 'a name of 1 to 255 letters, digits and . _ : / - is expected, not ending in . _ : /',
}

const nothing = async (): Promise<void> => undefined

/** The claim was used and the CA was asked when the request came first. */
const entitledBefore = (approval: Approval): Entitled => ({
  approval,
  classes: [],
  isBound: true,
  isRepeatedClaim: false,
  takeBack: nothing,
})

async function entitle(
  attempt: EnrolmentAttempt,
  device: Device | undefined,
  options: AdmitOptions,
): Promise<Result<Entitled, EnrolmentRefusal>> {
  const { claimant } = attempt
  const always = { isRepeatedClaim: false, takeBack: nothing }
  const own = { ...always, approval: 'automatic', classes: [], isBound: true } as const
  if (claimant.kind === 'own_certificate') return ok(own)
  if (claimant.kind === 'claim') return entitleByClaim(attempt, claimant.secretSha256, options)
  // The most specific entry is the device's own: no CA is asked where its factory's certificate is known.
  if (device?.factoryLeaf === claimant.leafSha256) return ok(own)
  const rule = await options.parts.rules.ruleFor(claimant.cas)
  if (!rule.ok) return rule
  const { approval, classes } = rule.value
  return ok({ ...always, approval, classes, isBound: false })
}

async function entitleByClaim(
  { device, keySha256 }: EnrolmentAttempt,
  secretSha256: string,
  { parts, clock, alarm }: AdmitOptions,
): Promise<Result<Entitled, EnrolmentRefusal>> {
  const part = parts.ofDigest('claims', secretSha256)
  const reserved = await part.reserveClaim(secretSha256, { device, keySha256 }, clock.now())
  if (!reserved.ok) {
    const { code, because, leaked } = reserved.error
    if (leaked) alarm({ code: 'claim_leaked', claim: leaked.id, refused: leaked.refused })
    return err({ code, because })
  }
  const { approval, classes, isRepeated, isForDevice } = reserved.value
  return ok({
    approval,
    classes,
    isBound: isForDevice,
    isRepeatedClaim: isRepeated,
    takeBack: () => part.giveClaimBack(secretSha256, { device, keySha256 }, 'once'),
  })
}

/** What no two devices share: the key, and the factory's certificate. Gives back what lets go of it. */
async function hold(
  attempt: EnrolmentAttempt,
  parts: RegistryParts,
): Promise<Result<() => Promise<void>, EnrolmentRefusal>> {
  const held: Binding[] = []
  const letGo = async (): Promise<void> => {
    for (const each of held) await parts.ofBinding(each.what).unbind(each, 'once')
  }
  for (const { code, because, ...binding } of bindingsOf(attempt)) {
    const [bound] = await parts.ofBinding(binding.what).bind([binding])
    if (bound?.ok !== true) {
      await letGo()
      return err({ code, because })
    }
    held.push(binding)
  }
  return ok(letGo)
}

function bindingsOf({
  device,
  keySha256,
  claimant,
}: EnrolmentAttempt): readonly (Binding & EnrolmentRefusal)[] {
  const key = {
    what: `key ${keySha256}`,
    device,
    code: 'key_reuse',
    because: 'the key is the key of another device',
  } as const
  if (claimant.kind !== 'factory_certificate') return [key]
  const leaf = {
    what: `leaf ${claimant.leafSha256}`,
    device,
    code: 'factory_certificate_of_another',
    because: 'the factory certificate has enrolled another device',
  } as const
  return [leaf, key]
}

async function decide(
  attempt: EnrolmentAttempt,
  entitled: Entitled,
  options: AdmitOptions,
): Promise<Result<Admission, EnrolmentRefusal>> {
  const devices = options.parts.ofDevice(attempt.device)
  const begin = async () => {
    const order = orderOf(attempt, entitled, options)
    return devices.begin(order, options.clock.now(), options.rules)
  }
  const begun = await begin()
  const isAsked = begun.ok && begun.value.kind === 'pending' && entitled.approval === 'hook'
  if (!isAsked || options.approve === undefined) return begun
  const { device, keySha256, requestSha256, claimant } = attempt
  const question = { device, keySha256, requestSha256, claimant: claimant.kind }
  const answer = await options.approve(question)
  if (answer === 'wait') return begun
  const word = { at: options.clock.now(), by: 'approval hook', because: `${answer}d by the hook` }
  if (answer === 'approve') {
    // Somebody else's word may have come first: the next look tells.
    await devices.setStatus(device, 'active', word)
    return begin()
  }
  const retired = await devices.setStatus(device, 'retired', word)
  if (retired.ok) await letGoOf(retired.value.ended, options.parts)
  return err({ code: 'approval_refused', because: `${device} was not approved` })
}

function orderOf(
  attempt: EnrolmentAttempt,
  { approval, classes, isBound, isRepeatedClaim }: Entitled,
  { parts, clock, random, rules }: AdmitOptions,
): EnrolmentOrder {
  const serial = random(serialOctets)
  // Positive, and of sixteen octets: the first bit is no sign, and the first octet is not zero.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return {
    attempt,
    id: `${parts.numberOf(attempt.device)}-${toHex(random(16))}`,
    serial: albSerial(serial),
    ...validityFrom(clock.now(), attempt.validityMs ?? rules.validityMs),
    approval,
    classes,
    isBound,
    isRepeatedClaim,
    by: 'enrolment',
  }
}

/** Lets go of all that enrolments held which have ended: of their claims, and of keys without a certificate. */
export async function letGoOf(all: readonly Ended[], parts: RegistryParts): Promise<void> {
  for (const { device, keySha256, claimant } of all) {
    const claim = claimOfText(claimant)
    if (claim !== undefined) {
      await parts.ofDigest('claims', claim).giveClaimBack(claim, { device, keySha256 }, 'all')
    }
    const what = `key ${keySha256}`
    await parts.ofBinding(what).unbind({ what, device }, 'all')
  }
}
