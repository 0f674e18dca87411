import { identityText } from '#shared/identity/identity-text.ts'
import { withClientCertificate } from './fetch.ts'
import type { MiddlewareOptions } from './hono.ts'
import { fieldsOf } from './lambda-event.ts'
import type { TrustStoreSource } from './ports.ts'
import { apiGatewayPlatform } from './platforms/api-gateway.ts'
import type { ApiGatewayEvent } from './platforms/lambda-api-gateway.ts'

/** A REQUEST authorizer's event of payload 1.0: REST APIs, and HTTP APIs that ask for it. */
export interface AuthorizerEvent1 extends ApiGatewayEvent {
  readonly methodArn: string
}

/** A REQUEST authorizer's event of payload 2.0: HTTP APIs. */
export interface AuthorizerEvent2 extends ApiGatewayEvent {
  readonly routeArn: string
}

/** What the integration behind may know of the device, or why it was refused. All of it is text. */
export type AuthorizerContext = Record<string, string>

/** The answer to payload 1.0: an IAM policy on the one method that was asked for. */
export interface AuthorizerPolicy {
  readonly principalId: string
  readonly policyDocument: { Version: '2012-10-17'; Statement: AuthorizerStatement[] }
  readonly context: AuthorizerContext
}

export interface AuthorizerStatement {
  Action: 'execute-api:Invoke'
  Effect: 'Allow' | 'Deny'
  Resource: string
}

/** The answer to payload 2.0; the authorizer needs `EnableSimpleResponses`. */
export interface AuthorizerAnswer {
  readonly isAuthorized: boolean
  readonly context: AuthorizerContext
}

export type AuthorizerOptions = TrustStoreSource &
  Omit<MiddlewareOptions, 'platform' | 'hop' | 'session' | 'connectionOf'>

/** A Lambda authorizer: which payload comes is a setting of its API. */
export interface LambdaAuthorizer {
  (event: AuthorizerEvent1): Promise<AuthorizerPolicy>
  (event: AuthorizerEvent2): Promise<AuthorizerAnswer>
}

/**
 * An authorizer for API Gateway, which verifies certificates against its own truststore and asks for
 * no revocation: this one does both, before any integration. `context.code` of a refusal is the
 * problem's code; of a device there are `subject`, `issuer`, `serial` and `spiffeId`. Turn caching
 * off (a TTL of 0), or a revoked device stays in for as long. Throws an Error where nothing can be
 * decided (no trust store): API Gateway answers 500 and remembers nothing.
 */
export function createLambdaAuthorizer(options: AuthorizerOptions): LambdaAuthorizer {
  const decide = withClientCertificate(
    { ...options, platform: apiGatewayPlatform() },
    (_request, device) => Response.json(deviceContext(identityText(device))),
  )
  async function authorizer(event: AuthorizerEvent1): Promise<AuthorizerPolicy>
  async function authorizer(event: AuthorizerEvent2): Promise<AuthorizerAnswer>
  async function authorizer(
    event: AuthorizerEvent1 | AuthorizerEvent2,
  ): Promise<AuthorizerPolicy | AuthorizerAnswer> {
    const { isAuthorized, context } = await answered(decide, event)
    if (!('methodArn' in event)) return { isAuthorized, context }
    const Statement = [statementOn(event.methodArn, isAuthorized)]
    const principalId = context['spiffeId'] ?? context['subject'] ?? 'refused'
    return { principalId, policyDocument: { Version: '2012-10-17', Statement }, context }
  }
  return authorizer
}

const statementOn = (Resource: string, isAuthorized: boolean): AuthorizerStatement => ({
  Action: 'execute-api:Invoke',
  Effect: isAuthorized ? 'Allow' : 'Deny',
  Resource,
})

async function answered(
  decide: (request: Request) => Promise<Response>,
  event: ApiGatewayEvent,
): Promise<AuthorizerAnswer> {
  const response = await decide(requestOf(event))
  const fields: unknown = await response.json()
  if (response.ok) return { isAuthorized: true, context: textsOf(fields) }
  const { code = 'misconfigured' } = textsOf(fields)
  if (response.status >= 500) throw new Error(`nothing was decided: ${code}`)
  return { isAuthorized: false, context: { code } }
}

/** Only what says who asks: the address decides nothing here, and the answer is read as JSON. */
function requestOf(event: ApiGatewayEvent): Request {
  const headers = fieldsOf(event)
  headers.set('accept', 'application/json')
  const request = new Request('https://authorizer.invalid/', { headers })
  return Object.defineProperty(request, 'connection', { value: event.requestContext })
}

function deviceContext({
  subject,
  issuer,
  serial,
  spiffeId,
}: ReturnType<typeof identityText>): AuthorizerContext {
  return { subject, issuer, serial, ...(spiffeId !== undefined && { spiffeId }) }
}

/** API Gateway fails where a value of the context is anything but text, a number or a boolean. */
function textsOf(fields: unknown): AuthorizerContext {
  const entries = Object.entries(typeof fields === 'object' && fields !== null ? fields : {})
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
