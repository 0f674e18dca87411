import { readBase64Der } from '#shared/wire/base64-der.ts'
import type { Platform } from './platform.ts'
import { headerOf, malformed } from './reading.ts'

const field = 'x-arr-clientcert'

/**
 * Azure App Service: the leaf as base64 DER in `X-ARR-ClientCert`, which its front end sets itself.
 * It validates nothing and passes no chain. That the client proves to hold the key in the modes
 * `Optional` and `OptionalInteractiveUser` is in doubt (MicrosoftDocs/azure-docs#111230): use
 * `Required`. The documentation also calls the value a PEM string; it is read as base64 DER only.
 */
export function appServicePlatform(): Platform {
  return {
    name: 'app-service',
    ownHeaders: [field],
    read(request) {
      const text = headerOf(request, field)
      if (text === undefined) return { kind: 'none' }
      const leaf = readBase64Der(text)
      if (!leaf.ok) return malformed(field, leaf.error.expected)
      return { kind: 'chain', leaf: leaf.value, intermediates: [] }
    },
  }
}
