import { setTimeout as wait } from 'node:timers/promises'
import type { Clock, Instant } from '#shared/time.ts'
import type { GatewaySetup, Publication, RunningGateway } from '../gateways/gateway.ts'
import type { ChaosPki, Shown } from './pki.ts'
import { visit, type Outcome, type Visit } from './visit.ts'

export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof tlsVersions)[number]

/** How a device comes: by a handshake of its own, by a session that it kept, over a line that it holds. */
export const ways = ['full', 'resumed', 'held'] as const
export type Way = (typeof ways)[number]

/** The promises that a finding breaks; their words are in `invariants`. */
export const invariants = {
  S1: 'no revoked certificate is accepted once its revocation is in force',
  S2: 'no certificate is accepted after its end',
  S3: 'nobody is accepted without a certificate of ours, for clients, inside its validity',
  S4: 'what reaches the worker is what the terminator saw, and nothing that a client wrote',
  S5: 'a session cookie is worth nothing without its certificate, and nothing after its revocation',
  L1: 'a healthy device is let in',
  L4: 'a publisher that is late does not lock the healthy out',
} as const

export type InvariantId = keyof typeof invariants

/** What an attempt has to come to. `served_or_closed`: a held line may be ended, but not refused. */
export type Must = 'in' | 'out' | 'served_or_closed'

/** One attempt, as the world wanted it and as it came out. */
export interface Check {
  /** The number of the fault, or `matrix`. */
  readonly fault: string
  /** Who came, in a word: `revoked`, `good`, `expired`. */
  readonly subject: string
  readonly way: Way
  readonly tls: TlsVersion
  readonly must: Must
  readonly invariant: InvariantId
  readonly outcome: Outcome
  readonly holds: boolean
  /** What was done and what came back, of this device alone, in order. */
  readonly story: readonly string[]
}

/** A device that has a line open and a session kept. */
export interface Present {
  readonly name: string
  readonly shown: Shown
  readonly tls: TlsVersion
  readonly line: Visit
  /** A session that did resume a moment ago; undefined where the server resumes none. */
  readonly session: Buffer | undefined
}

export interface Wanted {
  readonly subject: string
  readonly must: Must
  readonly invariant: InvariantId
}

/** A gateway under faults, and all that was seen of it. */
export interface Stage {
  readonly setup: GatewaySetup
  readonly gateway: RunningGateway
  readonly pki: ChaosPki
  /** So far. */
  readonly checks: readonly Check[]
  /** Puts a line into the story of everybody. */
  tell(line: string): void
  /** Publishes, and tells what for. */
  publish(what: string, publication: Publication): Promise<void>
  /** One connection, one question; told, and judged by nobody. */
  visit(name: string, tls: TlsVersion, shown: Shown | undefined, more?: More): Promise<Visit>
  /** A device comes, keeps its line open, and keeps a session that it has tried. */
  enter(name: string, tls: TlsVersion, shown: Shown): Promise<Present>
  /** Comes by a full handshake, and is judged. */
  knock(
    wanted: Wanted,
    tls: TlsVersion,
    shown: Shown | undefined,
    more?: More & { readonly name?: string },
  ): Promise<Outcome>
  /** Comes in each of these ways (all, unless they are named) that it can, and each is judged. */
  knockEveryWay(wanted: Wanted, present: Present, by?: readonly Way[]): Promise<void>
  /** Until an instant of the machine's clock has passed. */
  waitUntil(at: Instant): Promise<void>
}

interface More {
  readonly session?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

interface StageOptions {
  readonly setup: GatewaySetup
  readonly gateway: RunningGateway
  readonly pki: ChaosPki
  /** Vouches for the gateway's own certificate. */
  readonly serverCaPem: string
  readonly clock: Clock
  /** What the checks are counted under. */
  readonly fault: string
}

/** A line of the story: whose it is and under which version, or everybody's. */
interface Step {
  readonly of?: { readonly name: string; readonly tls: TlsVersion }
  readonly line: string
}

export function createStage(options: StageOptions): Stage {
  const { setup, gateway, pki, serverCaPem, clock, fault } = options
  const steps: Step[] = []
  const checks: Check[] = []
  let visits = 0

  const come = async (
    name: string,
    tls: TlsVersion,
    shown: Shown | undefined,
    more: More = {},
  ): Promise<Visit> => {
    visits += 1
    const made = await visit({
      host: '127.0.0.1',
      port: gateway.port,
      servername: 'localhost',
      caPem: serverCaPem,
      minVersion: tls,
      maxVersion: tls,
      protocol: setup.protocol,
      clientId: `${name}-${visits}`,
      ...(shown === undefined ? {} : { credential: shown }),
      ...more,
    })
    steps.push({ of: { name, tls }, line: `${name} ${cameBy(more, made.first, tls)}` })
    return made
  }

  const judge: JudgeAttempt = (wanted, { name, tls }, way, outcome) => {
    const holds = satisfies(wanted.must, outcome)
    const isOwn = ({ of }: Step) => of === undefined || (of.name === name && of.tls === tls)
    const story = steps.filter(isOwn).map(({ line }) => line)
    checks.push({ fault, ...wanted, way, tls, outcome, holds, story })
  }

  const knockBy = attemptsBy(come, judge, steps)

  return {
    setup,
    gateway,
    pki,
    checks,
    tell: (line) => void steps.push({ line }),
    async publish(what, publication) {
      const done = await gateway.publish(publication)
      steps.push({ line: `${what}: ${done}` })
    },
    visit: come,
    async enter(name, tls, shown) {
      const line = await come(name, tls, shown)
      const session = line.first.accepted ? await keepSession(come, name, tls, shown) : undefined
      return { name, shown, tls, line, session }
    },
    async knock(wanted, tls, shown, { name = wanted.subject, ...more } = {}) {
      const made = await come(name, tls, shown, more)
      await made.close()
      judge(wanted, { name, tls }, 'full', made.first)
      return made.first
    },
    async knockEveryWay(wanted, present, by = ways) {
      for (const way of by) await knockBy[way](wanted, present)
      await present.line.close()
    },
    async waitUntil(at) {
      const left = at - clock.now()
      if (left > 0) await wait(left)
    },
  }
}

type Come = Stage['visit']

type JudgeAttempt = (
  wanted: Wanted,
  who: Pick<Present, 'name' | 'tls'>,
  way: Way,
  outcome: Outcome,
) => void

type Attempt = (wanted: Wanted, present: Present) => Promise<void>

/** How a device that was here comes again, in each way. */
function attemptsBy(
  come: Come,
  judge: JudgeAttempt,
  steps: Step[],
): Readonly<Record<Way, Attempt>> {
  return {
    async full(wanted, present) {
      const made = await come(present.name, present.tls, present.shown)
      await made.close()
      judge(wanted, present, 'full', made.first)
    },
    async resumed(wanted, present) {
      const { session } = present
      if (session === undefined) return
      const made = await come(present.name, present.tls, present.shown, { session })
      await made.close()
      judge(wanted, present, 'resumed', made.first)
    },
    async held(wanted, present) {
      const { name, tls } = present
      const again = await present.line.again()
      const line = `${name} asks again over the line that it held: ${again.said}`
      steps.push({ of: { name, tls }, line })
      const must = wanted.must === 'in' ? 'served_or_closed' : wanted.must
      judge({ ...wanted, must }, present, 'held', again)
    },
  }
}

/** Comes twice more: for a session, and to see that it resumes. TLS 1.3 offers one behind the handshake. */
async function keepSession(
  come: Come,
  name: string,
  tls: TlsVersion,
  shown: Shown,
): Promise<Buffer | undefined> {
  const offering = await come(name, tls, shown)
  const offered = offering.session()
  await offering.close()
  if (offered === undefined) return undefined
  const trying = await come(name, tls, shown, { session: offered })
  const kept = trying.session() ?? offered
  await trying.close()
  return trying.first.resumed && trying.first.accepted ? kept : undefined
}

function cameBy({ session }: More, { said, resumed }: Outcome, tls: TlsVersion): string {
  const version = tls.replace('v', ' ')
  if (session === undefined) return `connects, ${version}, full handshake: ${said}`
  return `comes with a session that it kept, ${version}, ${resumed ? 'resumed' : 'not resumed'}: ${said}`
}

/** What is no answer at all: whoever held a line comes back by another one. */
const closings: readonly string[] = ['closed', 'tls.closeNoAlert']

function satisfies(must: Must, { accepted, said }: Outcome): boolean {
  if (must === 'out') return !accepted
  return accepted || (must === 'served_or_closed' && closings.includes(said))
}
