import { matchesRule } from './match-rule.ts'
import type { AuthorizationPolicy, PolicyAction } from './policy.ts'
import type { AuthorizationRequest } from './request.ts'

/** Whether a request may go on, and by which policies' word. */
export type Authorization = {
  /** Names of AUDIT policies that match. */
  readonly audited: readonly string[]
  /** Names of dry-run policies that match: they decide nothing. */
  readonly dryRun: readonly string[]
} & (
  | { readonly outcome: 'allowed'; readonly because: 'allow_policy'; readonly policy: string }
  | { readonly outcome: 'allowed'; readonly because: 'no_allow_policies' }
  | {
      readonly outcome: 'denied'
      readonly because: 'custom_denied' | 'custom_unavailable' | 'deny_policy'
      readonly policy: string
    }
  | { readonly outcome: 'denied'; readonly because: 'no_allow_policy_matches' }
)

/** Asks a provider of CUSTOM policies. Whatever keeps it from answering is `unavailable`, and denies. */
export type AskProvider = (
  provider: string,
  request: AuthorizationRequest,
) => Promise<'allow' | 'deny' | 'unavailable'>

/**
 * Istio's evaluation order: CUSTOM that denies, then DENY, then, unless there is no ALLOW policy at
 * all, ALLOW; whatever matches none of those is denied. AUDIT and dry-run policies change nothing.
 *
 * @param policies all that are in force for this listener
 */
export async function authorize(
  policies: readonly AuthorizationPolicy[],
  request: AuthorizationRequest,
  ask: AskProvider,
): Promise<Authorization> {
  const enforced = policies.filter(({ dryRun }) => !dryRun)
  const reports = {
    audited: namesOf(matching(enforced, 'AUDIT', request)),
    dryRun: namesOf(policies.filter((each) => each.dryRun && matches(each, request))),
  }
  const custom = await askCustom(matching(enforced, 'CUSTOM', request), request, ask)
  if (custom !== undefined) return { ...reports, ...custom }
  const [denying] = matching(enforced, 'DENY', request)
  if (denying !== undefined) {
    return { ...reports, outcome: 'denied', because: 'deny_policy', policy: denying.name }
  }
  if (!enforced.some(({ action }) => action.word === 'ALLOW')) {
    return { ...reports, outcome: 'allowed', because: 'no_allow_policies' }
  }
  const [allowing] = matching(enforced, 'ALLOW', request)
  return allowing === undefined
    ? { ...reports, outcome: 'denied', because: 'no_allow_policy_matches' }
    : { ...reports, outcome: 'allowed', because: 'allow_policy', policy: allowing.name }
}

async function askCustom(
  policies: readonly AuthorizationPolicy[],
  request: AuthorizationRequest,
  ask: AskProvider,
): Promise<
  { outcome: 'denied'; because: 'custom_denied' | 'custom_unavailable'; policy: string } | undefined
> {
  for (const { name, action } of policies) {
    const answer = action.word === 'CUSTOM' ? await ask(action.provider, request) : 'unavailable'
    if (answer === 'allow') continue
    const because = answer === 'deny' ? 'custom_denied' : 'custom_unavailable'
    return { outcome: 'denied', because, policy: name }
  }
  return undefined
}

function matching(
  policies: readonly AuthorizationPolicy[],
  word: PolicyAction['word'],
  request: AuthorizationRequest,
): readonly AuthorizationPolicy[] {
  return policies.filter((policy) => policy.action.word === word && matches(policy, request))
}

function matches({ rules }: AuthorizationPolicy, request: AuthorizationRequest): boolean {
  return rules.some((rule) => matchesRule(rule, request))
}

const namesOf = (policies: readonly AuthorizationPolicy[]): readonly string[] =>
  policies.map(({ name }) => name)
