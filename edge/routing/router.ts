import type { Ports } from '../context.ts'
import { chooseGroup } from './choose-group.ts'
import { matchesRule, type RoutedRequest } from './match-rule.ts'
import { fixedResponse, redirectResponse } from './redirect.ts'
import type { RuleAction, Routing } from './routing.ts'
import { createTargetPool, type Target, type TargetPool } from './target.ts'

/** Where one request goes: to a target of a group, or nowhere, as there is an answer already. */
export type Route =
  | { readonly kind: 'targets'; readonly group: string | undefined; readonly pool: TargetPool }
  | { readonly kind: 'answered'; readonly response: Response }

/**
 * Finds the way of one request.
 *
 * @param device names the device to whoever asks; undefined where it has no identity
 */
export type Router = (request: RoutedRequest, device: () => string | undefined) => Route

/** What a router needs of the runtime. */
export type RouterPorts = Pick<
  Ports,
  'clock' | 'random' | 'target' | 'addressAtTarget' | 'openTarget'
>

/**
 * The router of one listener: by its rules, or to its one target. Undefined where there is neither,
 * and the app answers by itself. Throws an Error where a target cannot be opened.
 */
export function createRouter(routing: Routing | undefined, ports: RouterPorts): Router | undefined {
  return routing === undefined ? toOnlyTarget(ports) : byRules(routing, ports)
}

function toOnlyTarget({ target: send, addressAtTarget, clock }: RouterPorts): Router | undefined {
  if (send === undefined) return undefined
  const addressOf = addressAtTarget ?? ((requested: string) => new URL(requested))
  const name = addressAtTarget?.('http://any.example/').host ?? 'binding:TARGET'
  const pool = createTargetPool([{ name, send, addressOf }], clock)
  return () => ({ kind: 'targets', group: undefined, pool })
}

function byRules(routing: Routing, ports: RouterPorts): Router {
  const pools = openPools(routing, ports)
  const empty = createTargetPool([], ports.clock)
  const take = (action: RuleAction, url: URL, device: () => string | undefined): Route => {
    switch (action.type) {
      case 'fixed-response':
        return { kind: 'answered', response: fixedResponse(action) }
      case 'redirect':
        return { kind: 'answered', response: redirectResponse(action, url) }
      case 'forward': {
        const named = action.groups.length > 1 ? device() : undefined
        const group = chooseGroup(action, named, ports.random)
        return { kind: 'targets', group, pool: (group && pools.get(group)) || empty }
      }
    }
  }
  return (request, device) => {
    const rule = routing.rules.find((each) => matchesRule(each, request))
    return take(rule?.action ?? routing.otherwise, request.url, device)
  }
}

/** A target of several groups is opened once. */
function openPools(
  { groups }: Routing,
  { openTarget, clock }: RouterPorts,
): ReadonlyMap<string, TargetPool> {
  if (openTarget === undefined) throw new Error('target groups cannot be opened in this runtime')
  const opened = new Map<string, Target>()
  return new Map(
    [...groups].map(([name, addresses]) => {
      const targets = addresses.map((address) => {
        const key = address.kind === 'url' ? address.url : `binding:${address.name}`
        const target = opened.get(key) ?? openTarget(address)
        opened.set(key, target)
        return target
      })
      return [name, createTargetPool(targets, clock)]
    }),
  )
}
