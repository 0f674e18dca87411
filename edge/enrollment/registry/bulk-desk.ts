import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { KnownCertificate } from './certificates.ts'
import { malformedClass, type Context, type StatusAnswer } from './context.ts'
import type { RegistryRefusal } from './refusal.ts'
import { firstByName } from './device-desk.ts'
import { isDeviceName } from './device.ts'
import type { DevicePage } from './devices.ts'
import { firstConnection, type FirstConnectionOrder } from './first-connection.ts'
import type { RegistryParts } from './parts.ts'
import type { RemotePart } from './remote-part.ts'
import type { Imported, TransferredDevice } from './transfer-rows.ts'

/** Devices that come from elsewhere, and that go there. */
export function transfersOf(context: Context) {
  const { parts, clock } = context
  return {
    /** Brings devices from elsewhere, some thousand at most: each whole or not at all. */
    async importDevices(
      rows: readonly TransferredDevice[],
      by: string,
    ): Promise<readonly ImportOutcome[]> {
      await context.settled()
      return importRows(rows, parts, { at: clock.now(), by, because: 'imported' })
    },
    /**
     * Devices with their certificates, by name, over all parts: at most `limit`, and none where that
     * was all.
     */
    exportDevices: (page: DevicePage): Promise<readonly TransferredDevice[]> =>
      exportPage(page, parts),
    /** Just-in-time registration, see `firstConnection`. */
    async firstConnection(
      order: FirstConnectionOrder,
    ): Promise<Result<StatusAnswer, RegistryRefusal>> {
      await context.settled()
      return firstConnection(order, context)
    },
    /** Certificates that are revoked for good, of one issuer: for its list. */
    async *revoked(issuerKeyId: string): AsyncGenerator<KnownCertificate> {
      for (const part of parts.devices) yield* revokedIn(part, issuerKeyId)
    },
  }
}

const revokedPage = 1000

async function* revokedIn(part: RemotePart, issuerKeyId: string): AsyncGenerator<KnownCertificate> {
  let after = ''
  for (;;) {
    const page = await part.revoked(issuerKeyId, { after, limit: revokedPage })
    yield* page
    if (page.length < revokedPage) return
    after = page.at(-1)?.serial ?? ''
  }
}

/**
 * Names are spread evenly, so each part gives twice its share and not a whole page. Up to where the
 * first of them was cut off, nothing is missing.
 */
async function exportPage(
  page: DevicePage,
  { devices }: RegistryParts,
): Promise<readonly TransferredDevice[]> {
  const share = Math.min(page.limit, Math.ceil((2 * page.limit) / devices.length) + 1)
  const pages = await Promise.all(
    devices.map((part) => part.exportDevices({ ...page, limit: share })),
  )
  const cut = pages.flatMap((each) => (each.length < share ? [] : (each.at(-1)?.name ?? [])))
  const [first] = cut.toSorted()
  const whole = pages.flat().filter(({ name }) => first === undefined || name <= first)
  return firstByName(whole, page.limit)
}

/** Why a row was not taken: `name_malformed` and `class_malformed` beside what its part says. */
export type ImportOutcome = Imported | 'name_malformed' | 'class_malformed' | 'key_taken' | 'twice'

async function importRows(
  rows: readonly TransferredDevice[],
  parts: RegistryParts,
  word: { readonly at: Instant; readonly by: string; readonly because: string },
): Promise<readonly ImportOutcome[]> {
  const outcomes: ImportOutcome[] = rows.map(formOutcome)
  const seen = new Set<string>()
  for (const [index, { name }] of rows.entries()) {
    if (seen.has(name.toLowerCase())) outcomes[index] = 'twice'
    seen.add(name.toLowerCase())
  }
  await bindRows(rows, outcomes, parts)
  const groups = new Map<number, number[]>()
  for (const [index, { name }] of rows.entries()) {
    if (outcomes[index] !== 'added') continue
    const number = parts.numberOf(name)
    groups.set(number, [...(groups.get(number) ?? []), index])
  }
  const importing = [...groups].map(async ([number, indexes]) => {
    const group = indexes.flatMap((index) => rows[index] ?? [])
    const imported = await parts.devices[number]?.importDevices(group, word)
    for (const [at, index] of indexes.entries()) outcomes[index] = imported?.[at] ?? 'added'
  })
  await Promise.all(importing)
  return outcomes
}

function formOutcome({ name, classes }: TransferredDevice): ImportOutcome {
  if (!isDeviceName(name)) return 'name_malformed'
  return malformedClass(classes) === undefined ? 'added' : 'class_malformed'
}

/** Keys and factory certificates first: a row whose key is another device's is not taken. */
async function bindRows(
  rows: readonly TransferredDevice[],
  outcomes: ImportOutcome[],
  parts: RegistryParts,
): Promise<void> {
  const groups = new Map<string, { index: number; what: string; device: string }[]>()
  for (const [index, { name, factoryLeaf, certificates }] of rows.entries()) {
    if (outcomes[index] !== 'added') continue
    const leaf = factoryLeaf === undefined ? [] : [`leaf ${factoryLeaf}`]
    for (const what of [...leaf, ...certificates.map(({ keySha256 }) => `key ${keySha256}`)]) {
      const part = parts.bindingPart(what)
      const group = groups.get(part) ?? []
      group.push({ index, what, device: name })
      groups.set(part, group)
    }
  }
  const binding = [...groups].map(async ([part, group]) => {
    const bound = await parts
      .open(part)
      .bindForGood(group.map(({ what, device }) => ({ what, device })))
    for (const [at, { index }] of group.entries()) {
      if (bound[at]?.ok !== true) outcomes[index] = 'key_taken'
    }
  })
  await Promise.all(binding)
}
