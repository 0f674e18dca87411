import { hourMs } from '../../../onboarding/plan.ts'
import { byToken, saidOf } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'

/** A claim that was printed on a box for so many devices, and what became of it. */
const quota = 5
const strangers = 1000

/** C27: a claim is replayed, has expired, or has leaked and is shown by a thousand devices. */
export async function claimReplayed(stage: EnrolmentStage): Promise<void> {
  const question = (device: string, token: string, nth = 1) =>
    byToken(stage.requestOf(device, stage.keysOf(device, nth)), token)
  const once = await stage.claim({ device: 'owner' })
  await stage.asks('its owner shows a claim', question('owner', once), '200')
  await stage.asks('the owner with another key', question('owner', once, 2), '401 claim_used')
  await stage.asks('a thief shows it', question('thief', once), '403 claim_of_another')
  const anybodys = await stage.claim({})
  await stage.asks(
    'somebody shows a claim for one device of any name',
    question('a', anybodys),
    '200',
  )
  await stage.asks('the next one shows it', question('b', anybodys), '401 claim_used')
  const short = await stage.claim({ device: 'late', forMs: hourMs })
  stage.pass(2 * hourMs)
  await stage.asks(
    'one shows a claim that has expired',
    question('late', short),
    '401 claim_expired',
  )
  await leak(stage)
}

async function leak(stage: EnrolmentStage): Promise<void> {
  const token = await stage.claim({ quota })
  const said = new Map<string, number>()
  for (let nth = 1; nth <= strangers; nth += 1) {
    const device = `stranger-${nth}`
    const request = stage.requestOf(device, stage.keysOf(device))
    const answer = saidOf(await stage.ask(byToken(request, token)))
    said.set(answer, (said.get(answer) ?? 0) + 1)
  }
  stage.tell(`a claim for ${quota} has leaked, and ${strangers} devices show it`)
  const words = [...said].map(([answer, count]) => `${count} times ${answer}`).join(', ')
  stage.judge(
    'what they were answered',
    words,
    `${quota} times 200, ${strangers - quota} times 403 quota_exceeded`,
  )
  stage.judge('alarms of the registry', `${stage.alarms.length}`, '1')
}
