import { lambdaHeaders, type LambdaHeaders } from './lambda-headers.ts'
import type { PlatformRequest } from './platform.ts'

/**
 * The part of an API Gateway event that is read: proxy integrations and authorizers, REST and HTTP,
 * payloads 1.0 and 2.0. All have the certificate in `requestContext`, which no client can write.
 */
export interface ApiGatewayEvent extends LambdaHeaders {
  readonly requestContext: object
}

/** What `apiGatewayPlatform` reads of a Lambda event. */
export function requestOfApiGatewayEvent(event: ApiGatewayEvent): PlatformRequest {
  return { headers: lambdaHeaders(event), connection: event.requestContext }
}
