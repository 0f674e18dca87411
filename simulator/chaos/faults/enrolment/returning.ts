import { hourMs, dayMs } from '../../../onboarding/plan.ts'
import { byCertificate, byProof } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'
import { validityMs } from './times.ts'

/** C21: a device was away past the end of its certificate: only the renewal route is open to it. */
export async function expiredReturns(stage: EnrolmentStage): Promise<void> {
  const names = ['home', 'home-by-token', 'suspended', 'revoked', 'away-for-good'] as const
  const [home, byOwnToken, suspended, revoked, lapsed] = await enrolAll(stage, names)
  await stage.connects('a device with its certificate', home, '200')
  await stage.desk.setStatus('suspended', 'suspended', 'operator', 'lost')
  await stage.desk.setStatus('revoked', 'revoked', 'operator', 'stolen')
  stage.pass(validityMs + 14 * dayMs)
  const request = (device: string) => stage.requestOf(device, stage.keysOf(device))
  const renew = (device: string, shown: typeof home) =>
    byCertificate('simplereenroll', request(device), shown)
  await stage.connects('two weeks past the end, it connects', home, 'expired')
  const first = byCertificate('simpleenroll', request('home'), home)
  await stage.asks(
    'it asks for a first certificate',
    first,
    '403 expired',
    '403 certificate_expired',
  )
  await stage.asks('it renews', renew('home', home), '200')
  const { der: other } = await stage.enrol('other')
  const proved = { now: stage.now() }
  const stolen = byProof(request('home-by-token'), byOwnToken, { ...proved, proved: other })
  await stage.asks('a token for another request', stolen, '401 proof_refused')
  await stage.asks('one by a token', byProof(request('home-by-token'), byOwnToken, proved), '200')
  await stage.asks('a suspended one renews', renew('suspended', suspended), '403 device_suspended')
  await stage.asks('a revoked one renews', renew('revoked', revoked), '403 device_revoked')
  stage.pass(30 * dayMs)
  const late = renew('away-for-good', lapsed)
  await stage.asks('one that was away for longer renews', late, '403 certificate_lapsed')
}

async function enrolAll<const Names extends readonly string[]>(
  stage: EnrolmentStage,
  names: Names,
) {
  const all = []
  for (const name of names) all.push(await stage.enrol(name))
  return all as { readonly [Index in keyof Names]: Awaited<ReturnType<EnrolmentStage['enrol']>> }
}

/**
 * C22: a device is revoked, its certificate ends, and its entry leaves the list (RFC 5280 3.3): the
 * grace of the renewal route asks the registry, and not the list (step-ca forgets after an hour).
 */
export async function entryPruned(stage: EnrolmentStage): Promise<void> {
  const [lost, kept] = [await stage.enrol('lost'), await stage.enrol('kept')]
  await stage.desk.setStatus('lost', 'revoked', 'operator', 'stolen')
  stage.publish([lost.der])
  await stage.connects('a revoked device', lost, 'revoked')
  await stage.connects('another one', kept, '200')
  stage.pass(validityMs + hourMs)
  stage.publish([])
  stage.tell('the entry has left the list')
  const request = stage.requestOf('lost', stage.keysOf('lost'))
  const fresh = stage.requestOf('lost', stage.keysOf('lost', 2))
  const now = stage.now()
  await stage.connects('the revoked one connects', lost, 'expired')
  await stage.asks(
    'it renews',
    byCertificate('simplereenroll', request, lost),
    '403 device_revoked',
  )
  await stage.asks(
    'it renews with a new key',
    byCertificate('simplereenroll', fresh, lost),
    '403 device_revoked',
  )
  await stage.asks('it renews by a token', byProof(request, lost, { now }), '403 device_revoked')
  const healthy = stage.requestOf('kept', stage.keysOf('kept'))
  await stage.asks('the other renews', byCertificate('simplereenroll', healthy, kept), '200')
}
