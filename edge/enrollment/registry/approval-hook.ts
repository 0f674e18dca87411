import type { Result } from '#shared/result.ts'
import type { Clock } from '#shared/time.ts'
import {
  readWebhookOf,
  signedHeaders,
  type Post,
  type Webhook,
  type WebhookFault,
} from '../../trust-stores/findings/webhook.ts'
import { readOpenHosts } from '../../trust-stores/sources/address.ts'
import type { Approve } from './admit.ts'
import { parseJson } from '../../json.ts'

const decisions = ['approve', 'refuse', 'wait'] as const

/** `{"decision": "approve"}`; by hand, because this is in the edge's own bundle. */
function decisionIn(answer: unknown): (typeof decisions)[number] | undefined {
  if (typeof answer !== 'object' || answer === null || !('decision' in answer)) return undefined
  return decisions.find((each) => each === answer.decision)
}

export interface HookOptions {
  readonly post: Post
  readonly clock: Clock
  /** Told why there was no decision, in words without the address. */
  readonly report: (because: string) => void
}

/** Who approves devices whose claim or CA says `hook`, and what signs the questions: secrets. */
export interface ApprovalVariables {
  readonly REGISTRY_APPROVAL_WEBHOOK?: string | undefined
  readonly REGISTRY_APPROVAL_WEBHOOK_SECRET?: string | undefined
  /** Hosts that need not be public. */
  readonly SOURCES_OPEN_HOSTS?: string | undefined
}

/** The webhook that the variables name: undefined where they name none, or the variable at fault. */
export function readApprovalHook(
  variables: ApprovalVariables,
): Result<Webhook | undefined, WebhookFault> {
  return readWebhookOf({
    address: variables.REGISTRY_APPROVAL_WEBHOOK,
    secret: variables.REGISTRY_APPROVAL_WEBHOOK_SECRET,
    open: readOpenHosts(variables.SOURCES_OPEN_HOSTS),
    variable: 'REGISTRY_APPROVAL_WEBHOOK',
  })
}

/**
 * The hook that the variables name; undefined where they name none. Throws an Error that names the
 * variable at fault.
 */
export function approvalBy(
  variables: ApprovalVariables,
  options: HookOptions,
): Approve | undefined {
  const webhook = readApprovalHook(variables)
  if (!webhook.ok) throw new Error(`${webhook.error.variable}: expected ${webhook.error.expected}`)
  return webhook.value && webhookApproval(webhook.value, options)
}

/** One word in JSON. */
const answerOctetsMax = 4096

/**
 * Asks a webhook about each new device: a POST of `{"type": "device.approval", …}`, signed as Standard
 * Webhooks says, answered with `{"decision": "approve" | "refuse" | "wait"}`. Whatever else comes, or
 * nothing in `post`'s time, leaves the device waiting: it is asked again with its next poll.
 */
export function webhookApproval({ url, secret }: Webhook, options: HookOptions): Approve {
  const { post, clock, report } = options
  return async (question) => {
    const body = JSON.stringify({ type: 'device.approval', ...question })
    try {
      const headers = await signedHeaders(body, secret, clock.now())
      const response = await post(url, { headers, body })
      const decision = decisionIn(response.ok ? await jsonOf(response) : undefined)
      if (decision !== undefined) return decision
      report(`the approval hook answers ${response.status}, and no decision`)
    } catch {
      // What a runtime says of a connection that failed can hold the address.
      report('the approval hook does not answer')
    }
    return 'wait'
  }
}

async function jsonOf({ body }: Response): Promise<unknown> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > answerOctetsMax) return undefined
  }
  return parseJson(text)
}
