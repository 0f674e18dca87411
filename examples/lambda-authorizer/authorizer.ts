import * as nodeCrypto from 'node:crypto'
import { createNodeVerifier } from 'sallyport'
import { createLambdaAuthorizer } from 'sallyport/lambda-authorizer'
import { directoryTrustFiles } from 'sallyport/trust-stores/directory'

/**
 * A Lambda authorizer of an API Gateway with mutual TLS, which asks for no revocation by itself. Its
 * identity source is any header that each request has, its cache is off (a TTL of 0), and an HTTP API
 * has simple responses enabled.
 */
export const handler = createLambdaAuthorizer({
  // A layer of the function is mounted at /opt.
  trustFiles: directoryTrustFiles(process.env['TRUST_DIR'] ?? '/opt/trust'),
  verifier: createNodeVerifier(nodeCrypto),
})
