import { toOpensslDate } from '#shared/wire/dates.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { colonSerial } from '#shared/wire/serial.ts'
import type { Bytes } from '#shared/bytes.ts'
import type { PlayedPlatform } from '../played.ts'
import { parsedLeaf, textOf } from './leaf-fields.ts'
import { runtimePlatform } from './runtime-platform.ts'

/**
 * API Gateway, REST, as far as a front can play it: the `requestContext` that its events bear. It
 * verifies chain and dates and turns away whom it does not like; here everyone gets through, which
 * is the worst case and leaves every decision to the worker.
 */
export const apiGatewayFront: PlayedPlatform = runtimePlatform(
  'api-gateway',
  ({ chain: [leaf] }) => ({
    identity: leaf === undefined ? {} : { clientCert: clientCert(leaf) },
  }),
)

function clientCert(leaf: Bytes): object {
  const clientCertPem = encodePem('CERTIFICATE', leaf)
  const fields = parsedLeaf(leaf)
  if (fields === undefined) return { clientCertPem }
  const { notBefore, notAfter } = fields.validity
  return {
    clientCertPem,
    subjectDN: textOf(rfc2253Name(fields.subject)),
    issuerDN: textOf(rfc2253Name(fields.issuer)),
    serialNumber: colonSerial(fields.serial),
    validity: { notBefore: toOpensslDate(notBefore), notAfter: toOpensslDate(notAfter) },
  }
}
