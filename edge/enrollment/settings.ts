import {
  collectFaults,
  readObject,
  readWord,
  type Report,
} from '#shared/authorization/read-document.ts'
import { formatDuration } from '#shared/duration.ts'
import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'
import { parseJsonObject } from '../json.ts'
import type { Faults, ListenerVariables } from '../variables.ts'
import { readCas, type CaSettings } from './ca-settings.ts'
import { readLabels, type EnrolmentLabel } from './label-settings.ts'
import { profileNames, readDuration } from './setting-fields.ts'

/** What the EST server of one listener does: RFC 7030 3.2.2 has a label for each kind of device. */
export interface EnrolmentSettings {
  /** By name; `''` is the one without a label. */
  readonly labels: ReadonlyMap<string, EnrolmentLabel>
  readonly cas: ReadonlyMap<string, CaSettings>
  /** What becomes of devices that connect before any registry has seen them; undefined: nobody asks. */
  readonly firstConnections: FirstConnectionRule | undefined
  /** What the registry is to go by in place of its own numbers. */
  readonly rules: EnrolmentTimes
}

/** Just-in-time registration at the first connection. */
export interface FirstConnectionRule {
  /** Where a certificate names its device. */
  readonly identity: DeviceProfile['identity']
  /** What is made of a path none of whose CAs is registered. */
  readonly unregistered: 'refuse' | 'accept'
  /** A request waits for the registry no longer than so many milliseconds. */
  readonly waitMs: number
}

/** Times of a registry, in milliseconds: its own where they are not said. */
export interface EnrolmentTimes {
  /** How long after its end a certificate still renews itself. */
  readonly renewAfterExpiryMs?: number
  /** After which a device asks again whether it was approved. */
  readonly retryAfterMs?: number
}

/** A variable of a Worker holds 5 kB; other runtimes' are longer: room for bundles of eight CAs. */
const textLengthMax = 64 * 1024

/**
 * Reads `ENROLLMENT`, JSON, and the secret `ENROLLMENT_KEYS`, JSON by the names of its CAs. Undefined
 * where neither is set, or where they are wrong: every fault names its place then, and no secret.
 */
export async function readEnrolment(
  { ENROLLMENT, ENROLLMENT_KEYS }: ListenerVariables,
  faults: Faults,
): Promise<EnrolmentSettings | undefined> {
  if (ENROLLMENT === undefined && ENROLLMENT_KEYS === undefined) return undefined
  const document = boundedJson(ENROLLMENT)
  const secrets = boundedJson(ENROLLMENT_KEYS ?? '{}')
  if (document === undefined) faults.add('ENROLLMENT', jsonExpected, undefined)
  if (secrets === undefined) faults.add('ENROLLMENT_KEYS', jsonExpected, undefined)
  if (document === undefined || secrets === undefined) return undefined
  const found = collectFaults('ENROLLMENT')
  const fields = readObject(document, '', documentFields, found.report)
  const firstConnections = readFirstConnections(fields.firstConnections, found.report)
  // Who registers devices of factories' CAs alone signs nothing.
  const isEst = firstConnections === undefined || fields.cas !== undefined
  const cas = isEst ? await readCas(fields.cas, secrets, found.report) : new Map<string, never>()
  const labels =
    isEst || fields.labels !== undefined
      ? readLabels(fields.labels, cas, found.report)
      : new Map<string, never>()
  const rules = readTimes(fields, found.report)
  for (const { key, expected } of found.faults) {
    faults.add('ENROLLMENT', `${expected} (at ENROLLMENT${key && `.${key}`})`, undefined)
  }
  return found.faults.length > 0 ? undefined : { labels, cas, rules, firstConnections }
}

const documentFields = [
  'cas',
  'labels',
  'renewAfterExpiry',
  'retryAfter',
  'firstConnections',
] as const

const firstConnectionFields = ['profile', 'unregistered', 'wait'] as const

/** A registry of the same region answers in some 50 ms; a device gives up after some seconds. */
const [waitDefaultMs, waitMaxMs] = [1000, 10_000]

function readFirstConnections(value: unknown, report: Report): FirstConnectionRule | undefined {
  if (value === undefined) return undefined
  const key = 'firstConnections'
  const fields = readObject(value, key, firstConnectionFields, report)
  const profile = readWord(fields.profile ?? 'device', `${key}.profile`, profileNames, report)
  const words = ['refuse', 'accept'] as const
  const word = readWord(fields.unregistered ?? 'refuse', `${key}.unregistered`, words, report)
  const waitMs = readDuration(fields.wait, `${key}.wait`, report) ?? waitDefaultMs
  if (waitMs > waitMaxMs) report(`${key}.wait`, `at most ${formatDuration(waitMaxMs)}`)
  return {
    identity: profiles[profile ?? 'device'].identity,
    unregistered: word ?? 'refuse',
    waitMs,
  }
}

function readTimes(
  fields: Readonly<Partial<Record<(typeof documentFields)[number], unknown>>>,
  report: Report,
): EnrolmentTimes {
  const renewAfterExpiryMs = readDuration(fields.renewAfterExpiry, 'renewAfterExpiry', report)
  const retryAfterMs = readDuration(fields.retryAfter, 'retryAfter', report)
  return {
    ...(renewAfterExpiryMs !== undefined && { renewAfterExpiryMs }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

const jsonExpected = `a JSON object of at most ${textLengthMax} characters`

function boundedJson(text: string | undefined): object | undefined {
  return text === undefined || text.length > textLengthMax ? undefined : parseJsonObject(text)
}
