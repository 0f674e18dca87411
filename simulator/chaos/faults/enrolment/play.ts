import { isoFromInstant, shift } from '#shared/time.ts'
import { request } from '../../../commands/onboard/corpus/maker.ts'
import { revocationList, sha256, type WorldCa } from '../../../onboarding/authorities.ts'
import { estPath, type Answer, type Door, type Question } from '../../../onboarding/door.ts'
import { worldKeys } from '../../../onboarding/keys.ts'
import { openOverTls, type TlsEdge } from '../../../onboarding/over-tls.ts'
import { dayMs, hourMs } from '../../../onboarding/plan.ts'
import { registerFactory } from '../../../onboarding/rehearse.ts'
import { createTlsDoor, requestOverTls, type TlsAddress } from '../../../onboarding/tls-door.ts'
import {
  byToken,
  certificatesIn,
  enrolledOf,
  keyOfRequest,
  problemCode,
  saidOf,
} from './questions.ts'
import type { EnrolmentStage, PlayedEnrolment } from './stage.ts'
import { createWorld, edgeOptionsOf, type World } from './world.ts'

export interface EnrolmentOptions {
  /** `C27` */
  readonly fault: string
  readonly seed: number
  /** The real time, milliseconds since 1970: the server's own certificate goes by it. */
  readonly nowMs: number
  /** What `cacerts` hands out beside the fleet's CA, PEM. */
  readonly furtherCas?: (fleet: WorldCa) => string
}

/** Opens an edge of its own over TLS, plays `run` before it, and closes it. */
export async function playEnrolment(
  run: (stage: EnrolmentStage) => Promise<void>,
  { fault, seed, nowMs, furtherCas = () => '' }: EnrolmentOptions,
): Promise<PlayedEnrolment> {
  const world = createWorld(fault, seed)
  const edge = await openOverTls(edgeOptionsOf(world, furtherCas(world.fleet)), nowMs)
  try {
    await registerFactory(edge.desk, { seed }, world.factory)
    const stage = createStage(world, edge)
    stage.publish([])
    await run(stage)
    judgeLedger(stage)
    return { checks: world.checks, beside: world.beside }
  } finally {
    await edge.close()
  }
}

function createStage(world: World, edge: TlsEdge): EnrolmentStage {
  const { seed, fleet, factory, ledger, checks, alarms, story } = world
  const judging = judgingOf(world)
  const making = makingOf(world, edge)
  return {
    seed,
    fleet,
    factory,
    ledger,
    checks,
    alarms,
    desk: edge.desk,
    ...worldOf(world),
    tell: (line) => void story.push(line),
    ...judging,
    ...making,
    ...askingOf(edge.address, judging.judge, making),
  }
}

/** How long lists are good: none ends in a fault that is not about lists. */
const listMs = 3000 * dayMs

/** What is published bears an instant that lies back: an edge whose clock is behind takes it as well. */
const listAgeMs = hourMs

/** Longer than an edge goes on with a trust store that it has (`MAX_STALENESS`, 5 s unless set). */
const stalenessMs = 6000

type WorldPart = 'now' | 'pass' | 'skewEdge' | 'bendCa' | 'trust' | 'publish'

/** Time, the CA, and what the edge decides by. */
function worldOf(world: World): Pick<EnrolmentStage, WorldPart> {
  const { time, story, fleet } = world
  return {
    now: () => time.at,
    pass(ms) {
      time.at = shift(time.at, ms)
      if (ms >= hourMs) story.push(`it is ${isoFromInstant(time.at)}`)
    },
    skewEdge: (ms) => void (time.skewMs = ms),
    bendCa: (bend) => void (world.bent = bend?.(world.askCa) ?? world.askCa),
    trust(files) {
      world.files = files
      time.at = shift(time.at, stalenessMs)
    },
    publish(revoked) {
      world.lists += 1
      const [at, until] = [shift(time.at, -listAgeMs), shift(time.at, listMs)]
      world.list = revocationList(fleet, { number: world.lists, at, until, revoked })
      time.at = shift(time.at, stalenessMs)
    },
  }
}

type JudgingPart = 'judge' | 'counted' | 'beside'

function judgingOf({ fault, story, checks, beside }: World): Pick<EnrolmentStage, JudgingPart> {
  const judge: EnrolmentStage['judge'] = (subject, said, ...wanted) => {
    story.push(`${subject}: ${said}`)
    const holds = wanted.includes(said)
    checks.push({ fault, subject, wanted, said, holds, story: [...story] })
  }
  return {
    judge,
    counted(what, seen, least) {
      const text = String(seen)
      judge(`${what}, at least ${least}`, text, seen >= least ? text : `${least} or more`)
    },
    beside(sentence) {
      if (sentence !== undefined) beside.push({ fault, sentence })
    },
  }
}

type MakingPart = 'claim' | 'keysOf' | 'requestOf' | 'ask'

/** What questions are made of. */
function makingOf(world: World, { desk, address }: TlsEdge): Pick<EnrolmentStage, MakingPart> {
  const door = createTlsDoor(address, async () => {})
  return {
    async claim({ device, quota = 1, forMs = 60 * dayMs }) {
      const order = { device, quota, classes: [], approval: 'automatic', forMs } as const
      const made = await desk.makeClaim(order, 'chaos')
      if (!made.ok || made.value.token === undefined) throw new Error('no claim was made')
      return made.value.token
    },
    keysOf: (device, nth = 1) => worldKeys(world.seed, 'chaos', device, String(nth)),
    requestOf: (device, keys) => request(device, { keys }),
    ask: (question) => askLedgered(world, door, question),
  }
}

type AskingPart = 'enrol' | 'asks' | 'connects' | 'caCertificates'

/** What devices do. */
function askingOf(
  address: TlsAddress,
  judge: EnrolmentStage['judge'],
  making: Pick<EnrolmentStage, MakingPart>,
): Pick<EnrolmentStage, AskingPart> {
  return {
    async enrol(device) {
      const keys = making.keysOf(device)
      const token = await making.claim({ device })
      const answer = await making.ask(byToken(making.requestOf(device, keys), token))
      return enrolledOf(device, answer, keys)
    },
    async asks(subject, question, ...wanted) {
      const answer = await making.ask(question)
      judge(subject, saidOf(answer), ...wanted)
      return answer
    },
    async connects(subject, credential, ...wanted) {
      const get = { method: 'GET', path: '/ok' }
      const { status, body } = await requestOverTls(address, credential, get)
      judge(subject, status === 200 ? '200' : problemCode(body), ...wanted)
    },
    async caCertificates() {
      const get = { method: 'GET', path: `${estPath}/cacerts` }
      const { body } = await requestOverTls(address, undefined, get)
      return certificatesIn(String(body))
    },
  }
}

/** Whatever certificate comes back is held against the CA's own ledger. */
async function askLedgered(
  { ledger, time }: World,
  door: Door,
  question: Question,
): Promise<Answer> {
  const answer = await door.ask(question)
  const [certificate] = answer.status === 200 ? certificatesIn(answer.text) : []
  if (certificate === undefined) return answer
  ledger.handedOut({
    device: 'a device',
    operation: question.operation,
    requestSha256: sha256(question.request),
    keySha256: keyOfRequest(question.request),
    certificateSha256: sha256(certificate),
    at: time.at,
  })
  return answer
}

/** The CA's own word on everything that was handed out. */
function judgeLedger(stage: EnrolmentStage): void {
  const { told } = stage.ledger.close()
  const said = told.map(({ rule, detail }) => `${rule}: ${detail}`).join('; ')
  stage.judge(
    'what was handed out, by the ledger of the CA',
    said === '' ? 'in order' : said,
    'in order',
  )
}
