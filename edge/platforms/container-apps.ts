import { envoyPlatform } from './envoy.ts'
import type { Platform } from './platform.ts'

/**
 * Azure Container Apps: Envoy's header, one element of `Hash`, `Cert` and `Chain`, under
 * `clientCertificateMode: require` or `accept`. Self-signed certificates are passed on as well, so
 * everything is verified here. Trust rests on the ingress being the only way in.
 */
export function containerAppsPlatform(): Platform {
  return envoyPlatform({ elements: 1, before: 'refuse' }, 'container-apps')
}
