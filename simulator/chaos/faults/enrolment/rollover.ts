import { equalBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { equalNames } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { integer } from '../../../ca/der.ts'
import { authority } from '../../../commands/onboard/corpus/maker.ts'
import { createWorldCa, revocationList, type WorldCa } from '../../../onboarding/authorities.ts'
import { dayMs } from '../../../onboarding/plan.ts'
import type { EnrolmentStage } from './stage.ts'
import { start } from './times.ts'

/** The fleet's next root, and the old one in a certificate by it (RFC 7030 4.1.3: OldWithNew). */
export interface NextRoot {
  readonly root: WorldCa
  readonly oldWithNew: Bytes
}

export function nextRootOf(seed: number, fleet: WorldCa): NextRoot {
  const root = createWorldCa(seed, 'next root', start)
  const serial = integer(Uint8Array.of(0x5b))
  const oldWithNew = authority(fleet.issuer, root.issuer, shift(start, -dayMs), { serial })
  return { root, oldWithNew }
}

/** What `cacerts` hands out at the rollover, beside the fleet's CA. */
export const nextCas = (seed: number, fleet: WorldCa): string => {
  const { root, oldWithNew } = nextRootOf(seed, fleet)
  return root.pem + encodePem('CERTIFICATE', oldWithNew)
}

/** C31: a new root comes, and the old one is gone from some edges before its devices have renewed. */
export async function rootRollover(stage: EnrolmentStage): Promise<void> {
  const { root, oldWithNew } = nextRootOf(stage.seed, stage.fleet)
  const device = await stage.enrol('device')
  await stage.connects('a device below the old root', device, '200')
  const handedOut = await stage.caCertificates()
  for (const [name, der] of [
    ['the old root', stage.fleet.der],
    ['the new root', root.der],
    ['OldWithNew', oldWithNew],
  ] as const) {
    const has = handedOut.some((each) => isOfSameNamesAndKey(each, der))
    stage.judge(`cacerts hands out ${name}`, has ? 'yes' : 'no', 'yes')
  }
  const until = shift(start, 300 * dayMs)
  const list = revocationList(root, { number: 1, at: stage.now(), until, revoked: [] })
  stage.trust(filesOf([stage.fleet, root], [], list))
  await stage.connects('with both roots in the trust store', device, '200')
  stage.trust(filesOf([root], [], list))
  await stage.connects('where the old root is gone too early', device, 'untrusted')
  stage.trust(filesOf([root], [oldWithNew], list))
  await stage.connects('where OldWithNew lies at hand then', device, '200')
  await stage.connects('a device that enrols then', await stage.enrol('late'), '200')
}

/** C32: the bundle is empty, cut off, or gone: nobody is let in by it, and the last good one stays in force. */
export async function bundleEmpty(stage: EnrolmentStage): Promise<void> {
  const device = await stage.enrol('device')
  const good = new Map([['anchors.pem', toUtf8(stage.fleet.pem)]])
  const stranger = createWorldCa(stage.seed, 'stranger', start)
  const bundles = [
    ['is empty', new Map([['anchors.pem', toUtf8('')]])],
    ['is cut off', new Map([['anchors.pem', toUtf8(stage.fleet.pem.slice(0, 200))]])],
    ['is gone', new Map<string, Bytes>()],
  ] as const
  for (const [name, files] of bundles) {
    stage.trust(files)
    const subject = `an edge that has just started, where the bundle ${name}`
    await stage.connects(subject, device, 'trust_store_unavailable')
  }
  stage.trust(good)
  await stage.connects('where it is good', device, '200')
  for (const [name, files] of bundles) {
    stage.trust(files)
    await stage.connects(`while the bundle ${name}, a device`, device, '200')
  }
  stage.trust(new Map([['anchors.pem', toUtf8(stranger.pem)]]))
  await stage.connects('once it is another one, which counts', device, 'untrusted')
}

/** ECDSA signs the same thing in other octets each time: certificates are compared by what they say. */
function isOfSameNamesAndKey(first: Bytes, second: Bytes): boolean {
  const [one, other] = [parseCertificate(first), parseCertificate(second)]
  if (!one.ok || !other.ok) return false
  const [a, b] = [one.value, other.value]
  return (
    equalBytes(a.spki, b.spki) && equalNames(a.subject, b.subject) && equalNames(a.issuer, b.issuer)
  )
}

/** The old root's list is the stage's own. */
function filesOf(
  anchors: readonly WorldCa[],
  intermediates: readonly Bytes[],
  list: Bytes,
): ReadonlyMap<string, Bytes> {
  const pem = intermediates.map((der) => encodePem('CERTIFICATE', der)).join('')
  return new Map([
    ['anchors.pem', toUtf8(anchors.map((ca) => ca.pem).join(''))],
    ...(pem === '' ? [] : [['intermediates.pem', toUtf8(pem)] as const]),
    ['crl/next-root.crl', list],
  ])
}
