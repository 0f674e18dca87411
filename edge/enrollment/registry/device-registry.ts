import { parseCertificate } from '#shared/x509/parse.ts'
import { admit, letGoOf } from './admit.ts'
import { authoritiesOf } from './authority-desk.ts'
import type { AuditLine } from './authorities.ts'
import { transfersOf } from './bulk-desk.ts'
import { factsOfCertificate } from './certificates.ts'
import { claimsOf } from './claim-desk.ts'
import type { Context, DeviceRegistryOptions } from './context.ts'
import { classesOf, devicesOf } from './device-desk.ts'
import { defaultValidityMs } from './granted-validity.ts'
import { registryParts, type RegistryParts } from './parts.ts'
import { publishRefused, type Published } from './publish.ts'
import type { EnrolmentRegistry } from './registry.ts'
import type { RemotePart } from './remote-part.ts'

const dayMs = 86_400_000

const defaultRules = {
  validityMs: defaultValidityMs,
  renewAfterExpiryMs: 30 * dayMs,
  retryAfterMs: 60_000,
}

export type DeviceRegistry = ReturnType<typeof createDeviceRegistry>

/**
 * The registry of devices over its parts, wherever they are. All of it that enrolment asks is
 * `EnrolmentRegistry`; the rest is for operators. Every function that changes something takes the
 * name of who asks for it.
 */
export function createDeviceRegistry(options: DeviceRegistryOptions) {
  const parts = registryParts(options.part, options.shards)
  const publishNow = createPublisher(parts, options)
  const settled = settleShards(parts, options)
  const context: Context = { ...options, parts, publishNow, settled }
  return {
    ...enrolmentOf(context),
    ...devicesOf(context),
    ...classesOf(context),
    ...transfersOf(context),
    ...claimsOf(context),
    ...authoritiesOf(context),
    /** Tells the trust stores who is refused; for when somebody else has changed that. */
    publish: publishNow,
    /** Ends what a crash has left undone: classes that only some parts know, stores that were not told. */
    async tick(): Promise<readonly Published[]> {
      await settled()
      await settleClasses(parts)
      return publishNow()
    },
    /** What was asked of the registry beside its devices, latest first. */
    audit: (page: {
      readonly before: number
      readonly limit: number
    }): Promise<readonly AuditLine[]> => parts.rules.audit(page),
  }
}

/** Another number of parts than the registry was made with would look for devices where they are not. */
function settleShards(
  parts: RegistryParts,
  { shards }: DeviceRegistryOptions,
): () => Promise<void> {
  let isSettled = false
  return async () => {
    if (isSettled) return
    const made = await parts.rules.settle('shards', String(shards))
    if (made !== String(shards)) {
      throw new Error(`the registry was made with ${made} shards, and is opened with ${shards}`)
    }
    isSettled = true
  }
}

function createPublisher(
  parts: RegistryParts,
  { publish }: DeviceRegistryOptions,
): () => Promise<readonly Published[]> {
  return async () => (publish === undefined ? [] : publishRefused(parts.devices, publish))
}

function enrolmentOf(context: Context): EnrolmentRegistry {
  const { parts, clock, random, approve, alarm = () => undefined } = context
  const rules = { ...defaultRules, ...context.rules }
  const partOf = (enrolment: string): RemotePart => {
    const part = parts.devices[Number(enrolment.split('-')[0])]
    if (part === undefined) throw new Error(`there is no enrolment ${enrolment}`)
    return part
  }
  return {
    async admit(attempt) {
      await context.settled()
      return admit(attempt, { parts, clock, random, rules, approve, alarm })
    },
    async issued(enrolment, certificate) {
      const read = parseCertificate(certificate)
      if (!read.ok) throw new Error(`the CA's certificate cannot be read: ${read.error.expected}`)
      const facts = await factsOfCertificate(read.value)
      const signed = { certificate, facts }
      const recorded = await partOf(enrolment).recordIssued(enrolment, signed, clock.now())
      if (recorded.kind === 'void') {
        await context.publishNow()
        throw new Error(`nothing is handed out: ${recorded.because}`)
      }
      const what = `key ${recorded.keySha256}`
      await parts.ofBinding(what).bindForGood([{ what, device: recorded.device }])
      return recorded.certificate
    },
    async failed(enrolment, because) {
      const ended = await partOf(enrolment).endEnrolment(enrolment, because)
      if (ended !== undefined) await letGoOf([ended], parts)
    },
  }
}

/** Classes that the rules know as suspended, and some part does not, or the other way round. */
async function settleClasses(parts: RegistryParts): Promise<void> {
  const wanted = await parts.rules.suspendedClasses()
  for (const part of parts.devices) {
    const found = await part.suspendedClasses()
    for (const { class: name, ...word } of wanted) {
      if (!found.some((each) => each.class === name)) await part.suspendClass(name, word)
    }
    for (const { class: name } of found) {
      if (!wanted.some((each) => each.class === name)) await part.suspendClass(name, 'resume')
    }
  }
}
