import { factoryCertificate } from '../../../onboarding/authorities.ts'
import { worldKeys } from '../../../onboarding/keys.ts'
import type { Credential } from '../../../onboarding/door.ts'
import { byCertificate, byToken } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'
import { validityMs } from './times.ts'

/** C28: a device's flash was copied: one key, two devices. */
export async function keyCloned(stage: EnrolmentStage): Promise<void> {
  const original = await stage.enrol('original')
  const copied = stage.requestOf('clone', original.keys())
  const byClaim = async () => byToken(copied, await stage.claim({ device: 'clone' }))
  const byFactory = byCertificate('simpleenroll', copied, idevid(stage, 'clone'))
  await stage.asks('a clone with a claim of its own', await byClaim(), '403 key_reuse')
  await stage.asks('a clone with a factory certificate of its own', byFactory, '403 key_reuse')
  await factoryCertificateCloned(stage)
  const again = await stage.claim({ device: 'original' })
  const same = byToken(stage.requestOf('original', original.keys()), again)
  await stage.asks('the original asks once more for a first certificate', same, '200')
  const known = await stage.desk.device('original')
  stage.judge('certificates of its key', `${known?.certificates.length ?? 0}`, '1')
  stage.pass(validityMs / 2)
  const renewal = stage.requestOf('original', original.keys())
  await stage.asks('it renews', byCertificate('simplereenroll', renewal, original), '200')
  await stage.desk.setStatus('original', 'revoked', 'operator', 'cloned')
  await stage.asks('the clone, once it is revoked', await byClaim(), '403 key_reuse')
}

/** The factory's certificate was copied too: it speaks for the device that it names, once. */
async function factoryCertificateCloned(stage: EnrolmentStage): Promise<void> {
  const request = (device: string, nth = 1) => stage.requestOf(device, stage.keysOf(device, nth))
  const shown = idevid(stage, 'real')
  const enrol = (device: string, nth?: number) =>
    byCertificate('simpleenroll', request(device, nth), shown)
  await stage.asks('a device with its factory certificate', enrol('real'), '200')
  await stage.asks('its copy asks for another name', enrol('copy'), '401 claim_unknown')
  const second = byCertificate('simpleenroll', request('real', 2), idevid(stage, 'real', 2))
  await stage.asks(
    'another factory certificate of its name',
    second,
    '403 factory_certificate_of_another',
  )
}

function idevid(stage: EnrolmentStage, device: string, nth = 1): Credential {
  const seed = stage.seed + nth - 1
  const keys = () => worldKeys(seed, 'factory', device)
  const der = factoryCertificate({ seed }, stage.factory, { device, now: stage.now() })
  return { der, keys }
}
