import { hourMs } from '../../../onboarding/plan.ts'
import { byToken } from './questions.ts'
import type { AskCa, EnrolmentStage } from './stage.ts'

/** How a CA that is not well answers; `signs`: whether it has signed nevertheless. */
const illnesses: readonly {
  readonly name: string
  readonly signs: boolean
  readonly bend: (ask: AskCa) => AskCa
}[] = [
  {
    name: 'answers 202 forever',
    signs: false,
    bend: () => async () =>
      new Response('later\n', { status: 202, headers: { 'retry-after': '5' } }),
  },
  {
    name: 'answers 503',
    signs: false,
    bend: () => async () => new Response('overloaded\n', { status: 503 }),
  },
  {
    name: 'does not answer in time',
    signs: false,
    bend: () => async () => {
      throw new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    },
  },
  {
    name: 'signs, and the answer is lost',
    signs: true,
    bend: (ask) => async (request) => {
      await ask(request)
      throw new TypeError('terminated: other side closed')
    },
  },
  {
    name: 'answers with half of a certificate',
    signs: true,
    bend: (ask) => async (request) => {
      const text = await (await ask(request)).text()
      return new Response(text.slice(0, text.length / 2), { status: 503 })
    },
  },
]

/** What impatient clients do at once. */
const duplicates = 5

/** C26: the CA answers 202, 503, late or not at all, and devices ask again and again, at once too. */
export async function caSlow(stage: EnrolmentStage): Promise<void> {
  for (const [nth, { name, signs, bend }] of illnesses.entries()) {
    const device = `slow-${nth + 1}`
    const request = stage.requestOf(device, stage.keysOf(device))
    const question = byToken(request, await stage.claim({ device }))
    const asked = { bent: 0, signed: 0 }
    stage.bendCa((ask) => counting(bend(ask), () => (asked.bent += 1)))
    for (const time of ['first', 'second', 'third']) {
      await stage.asks(`the CA ${name}: the ${time} time`, question, '202')
      stage.pass(hourMs / 2)
    }
    stage.counted('questions to the CA', asked.bent, 3)
    stage.bendCa((ask) => counting(ask, () => (asked.signed += 1)))
    const answers = await Promise.all(
      Array.from({ length: duplicates }, () =>
        stage.asks(`it is well again: ${duplicates} at once`, question, '200'),
      ),
    )
    const different = new Set(answers.map(({ text }) => text)).size
    stage.judge('certificates that came of them', `${different}`, '1')
    const known = await stage.desk.device(device)
    const good = known?.certificates.filter(({ revokedAt }) => revokedAt === undefined)
    stage.judge('certificates that the registry lets in', `${good?.length ?? 0}`, '1')
    if (signs) stage.counted('times that the CA signed this request', 3 + asked.signed, 4)
  }
  stage.bendCa(undefined)
}

const counting =
  (ask: AskCa, count: () => void): AskCa =>
  (request) => {
    count()
    return ask(request)
  }
