import { lambdaHeaders, type LambdaHeaders } from './lambda-headers.ts'
import type { PlatformRequest } from './platform.ts'

/** The part of an ALB event that is read: ALB's headers are ordinary ones here. */
export interface AlbEvent extends LambdaHeaders {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } }
}

/**
 * What `albPlatform` reads of a Lambda event. Turn `lambda.multi_value_headers.enabled` on: without
 * it ALB passes the last of several values alone, and a client's copy of a header is not noticed.
 */
export function requestOfAlbEvent(event: AlbEvent): PlatformRequest {
  return { headers: lambdaHeaders(event) }
}
