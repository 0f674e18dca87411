import { readEscapedPem } from './escaped-pem.ts'
import type { Platform } from './platform.ts'

export interface ApplicationGatewayHeaders {
  /** A rewrite rule's header with the value `{var_client_certificate}`. */
  readonly cert: string
  /** `{var_client_certificate_verification}`: undefined where no rule sets it. */
  readonly verify: string | undefined
}

/**
 * Azure Application Gateway: it sets no header by itself, rewrite rules fill those named here and
 * overwrite a client's copy wherever the rule set is attached. It passes the leaf and no chain. In
 * passthrough mode it verifies nothing; in strict mode it asks OCSP or nobody: so all is verified here.
 */
export function applicationGatewayPlatform(headers: ApplicationGatewayHeaders): Platform {
  const names = { cert: headers.cert.toLowerCase(), verify: headers.verify?.toLowerCase() }
  return {
    name: 'application-gateway',
    ownHeaders: [names.cert, ...(names.verify === undefined ? [] : [names.verify])],
    read: (request) => readEscapedPem(request, names),
  }
}
