import type { Presented } from '#shared/verdict/presented.ts'
import { decodePem, type PemFileLimits } from '#shared/wire/pem.ts'
import { chainHeaderLimits } from '#shared/wire/url-pem.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { chainOf, isFields, malformed } from './reading.ts'

const field = 'clientCert.clientCertPem'

/** A chain fits into one TLS message, which is 64 KiB at AWS; certificates as in other chains. */
const limits: PemFileLimits = { lengthMax: 64 * 1024, blocksMax: chainHeaderLimits.certificatesMax }

/**
 * API Gateway, REST and HTTP: the facts lie in the event's `requestContext`, out of reach of the
 * client; `connection` is that object (`lambda-api-gateway.ts`). API Gateway has verified the chain
 * and asks for no revocation, so only the leaf's PEM is read, and verified here; the serial and the
 * dates beside it come in several spellings and are not looked at. Whether the PEM can hold more
 * than the leaf is documented nowhere: what follows the leaf counts as its intermediates. The
 * default `execute-api` endpoint asks for no certificate at all: disable it.
 */
export function apiGatewayPlatform(): Platform {
  return { name: 'api-gateway', ownHeaders: [], read: readApiGateway }
}

/** Payload 1.0 has the certificate in `identity`, 2.0 in `authentication`: the other one is absent. */
function readApiGateway({ connection }: PlatformRequest): Presented {
  if (!isFields(connection)) return malformed('requestContext', 'an object')
  for (const part of ['identity', 'authentication']) {
    const facts = connection[part]
    const clientCert = isFields(facts) ? facts['clientCert'] : undefined
    if (clientCert !== undefined && clientCert !== null) return readClientCert(clientCert)
  }
  return { kind: 'none' }
}

function readClientCert(clientCert: unknown): Presented {
  if (!isFields(clientCert)) return malformed('clientCert', 'an object')
  const pem = clientCert['clientCertPem']
  if (typeof pem !== 'string') return malformed(field, 'a string')
  const ders = decodePem(pem, 'CERTIFICATE', limits)
  return ders.ok ? chainOf(ders.value) : malformed(field, ders.error.expected)
}
