import * as nodeCrypto from 'node:crypto'
import { S3 } from '@aws-sdk/client-s3'
import { createNodeVerifier } from 'sallyport'
import { configuredApp } from 'sallyport/app'
import { createLambdaHandler } from 'sallyport/lambda'
import { s3TrustFiles } from 'sallyport/trust-stores/s3'

/** Who the device is, the edge has written into ALB's own headers; a client's were taken away. */
async function greet(request: Request): Promise<Response> {
  return new Response(`Hello, ${request.headers.get('x-amzn-mtls-clientcert-subject')}`)
}

/**
 * As `examples/lambda`, with the trust store in a bucket: a list that is written there is obeyed within
 * five seconds (MAX_STALENESS), and nothing is deployed for it. Lambda brings the SDK; its role needs
 * s3:ListBucket and s3:GetObject.
 */
const { app, listener } = await configuredApp(
  {
    PLATFORM: 'alb',
    ALB_MODE: 'passthrough',
    HOP: 'private-names',
    ALB_HEADER_PREFIX: process.env['ALB_HEADER_PREFIX'] ?? '',
  },
  {
    trustFiles: s3TrustFiles(
      new S3({ requestHandler: { connectionTimeout: 1000, requestTimeout: 2000 } }),
      process.env['TRUST_BUCKET'] ?? '',
      'trust-stores/default/',
    ),
    verifier: createNodeVerifier(nodeCrypto),
    target: greet,
  },
)

export const handler = createLambdaHandler(app, listener.platform)
