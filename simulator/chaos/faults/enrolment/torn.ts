import { byCertificate, enrolledOf } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'
import { validityMs } from './times.ts'

/** C30: a device crashes between its new certificate and saving it: the old one lasts. */
export async function renewalTorn(stage: EnrolmentStage): Promise<void> {
  const old = await stage.enrol('torn')
  stage.pass(validityMs / 2)
  const renew = (nth: number) =>
    byCertificate('simplereenroll', stage.requestOf('torn', stage.keysOf('torn', nth)), old)
  const question = renew(2)
  const answer = await stage.asks('it renews with a new key', question, '200')
  const next = enrolledOf('torn', answer, stage.keysOf('torn', 2))
  stage.tell('it crashes before the new certificate is on its flash')
  await stage.connects('it connects with the old one', old, '200')
  await stage.connects('the new one is good as well', next, '200')
  const again = await stage.asks('it sends the very same request again', question, '200')
  stage.judge(
    'the certificate that it gets',
    again.text === answer.text ? 'the same' : 'another',
    'the same',
  )
  stage.tell('it crashes again, and has lost the new key')
  const third = await stage.asks('it renews with a third key', renew(3), '200')
  const last = enrolledOf('torn', third, stage.keysOf('torn', 3))
  await stage.connects('it connects with that one', last, '200')
  stage.pass(validityMs / 2 + 60_000)
  await stage.connects('the old one after its end', old, 'expired')
  await stage.connects('the last one after the old one’s end', last, '200')
}
