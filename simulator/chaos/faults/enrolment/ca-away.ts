import type { Instant } from '#shared/time.ts'
import { hourMs, planOf, safeOutageMs, type Plan } from '../../../onboarding/plan.ts'
import type { OpenEdge, Rehearsal } from '../../../onboarding/rehearse.ts'
import type { AskCa, EnrolmentStage } from './stage.ts'

/** Enough for a third of them to be due in half a day's outage, and for a few seconds of CPU. */
const fleetSize = 60

/** A fleet of which nobody stays away, is wiped or is hostile: other faults show those. */
function planned(seed: number, outageMs: number): Plan {
  const plan = planOf(seed, fleetSize)
  const rates = { ...plan.rates, away: 0, wipe: 0, hostile: 0 }
  return { ...plan, rates, outage: { ...plan.outage, forMs: outageMs } }
}

/** Lives it in virtual time. The edge is loaded only where a fault is played: listing them all needs none. */
async function live(plan: Plan, bend = (open: OpenEdge): OpenEdge => open): Promise<Rehearsal> {
  const { openVirtualEdge } = await import('../../../onboarding/edge.ts')
  const { rehearse } = await import('../../../onboarding/rehearse.ts')
  return rehearse(plan, bend(openVirtualEdge))
}

const sayLost = ({ lostService }: Rehearsal): string =>
  lostService === 0 ? 'nobody lost service' : `${lostService} lost service`

const sayOrder = ({ told, active }: Rehearsal): string =>
  told.length === 0 ? `${active} active, in order` : told.map(({ detail }) => detail).join('; ')

/** C24: the CA is down, for less and for more than the fleet can stand. */
export async function caDown(stage: EnrolmentStage): Promise<void> {
  for (const hours of [5 / 60, 12]) {
    const plan = planned(stage.seed, hours * hourMs)
    const fleet = await live(plan)
    const name = `${fleetSize} devices, the CA down for ${hours < 1 ? '5 minutes' : `${hours} h`}`
    stage.judge(name, sayLost(fleet), 'nobody lost service')
    stage.judge(`${name}, by the ledger`, sayOrder(fleet), `${fleetSize} active, in order`)
    if (hours >= 1) stage.counted('told to come later', fleet.events.told_later ?? 0, fleetSize / 4)
  }
  const plan = planned(stage.seed, 24 * hourMs)
  stage.tell(`safe are ${(safeOutageMs(plan) / hourMs).toFixed(1)} h`)
  const { lostService } = await live(plan)
  stage.counted('lost service while the CA was down for 24 h', lostService, 1)
}

/** Certificates a minute: a fleet of sixty is a storm for it. */
const perMinute = 1

/** C25: a fleet is switched on at once, and the CA is down for six hours and then slow. */
export async function caHerd(stage: EnrolmentStage): Promise<void> {
  const plan = { ...planned(stage.seed, 6 * hourMs), enrolOverMs: 60_000 }
  const slow = { turnedAway: 0, mostInAMinute: 0 }
  const fleet = await live(
    plan,
    (open) => (options) =>
      open({ ...options, askCa: withCapacity(options.askCa, () => options.clock.now(), slow) }),
  )
  stage.judge('a fleet switched on within a minute', sayLost(fleet), 'nobody lost service')
  stage.judge('all of it, by the ledger', sayOrder(fleet), `${fleetSize} active, in order`)
  stage.counted('turned away by the CA', slow.turnedAway, fleetSize / 2)
  const most = slow.mostInAMinute
  stage.judge(
    'certificates in one minute, at most',
    `${most}`,
    ...(most <= perMinute ? [`${most}`] : []),
  )
}

/** A CA that signs so many a minute and turns away who comes beyond that. */
function withCapacity(
  ask: AskCa,
  now: () => Instant,
  told: { turnedAway: number; mostInAMinute: number },
): AskCa {
  let [minute, signed] = [-1, 0]
  return async (request) => {
    const current = Math.floor(now() / 60_000)
    if (current !== minute) [minute, signed] = [current, 0]
    if (signed >= perMinute) {
      told.turnedAway += 1
      return new Response('busy\n', { status: 503 })
    }
    const response = await ask(request)
    if (response.status === 200) signed += 1
    told.mostInAMinute = Math.max(told.mostInAMinute, signed)
    return response
  }
}
