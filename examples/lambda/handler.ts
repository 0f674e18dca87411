import * as nodeCrypto from 'node:crypto'
import { createNodeVerifier } from 'sallyport'
import { configuredApp } from 'sallyport/app'
import { createLambdaHandler } from 'sallyport/lambda'
import { directoryTrustFiles } from 'sallyport/trust-stores/directory'

/** Who the device is, the edge has written into ALB's own headers; a client's were taken away. */
async function greet(request: Request): Promise<Response> {
  return new Response(`Hello, ${request.headers.get('x-amzn-mtls-clientcert-subject')}`)
}

/**
 * Behind an ALB whose listener passes certificates through, with `multi_value_headers` on and its
 * headers renamed to begin with ALB_HEADER_PREFIX, which no client can guess.
 */
const { app, listener } = await configuredApp(
  {
    PLATFORM: 'alb',
    ALB_MODE: 'passthrough',
    HOP: 'private-names',
    ALB_HEADER_PREFIX: process.env['ALB_HEADER_PREFIX'] ?? '',
  },
  {
    // A layer of the function is mounted at /opt.
    trustFiles: directoryTrustFiles(process.env['TRUST_DIR'] ?? '/opt/trust'),
    verifier: createNodeVerifier(nodeCrypto),
    target: greet,
  },
)

export const handler = createLambdaHandler(app, listener.platform)
