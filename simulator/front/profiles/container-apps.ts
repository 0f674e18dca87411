import type { PlayedPlatform } from '../played.ts'
import { xfccOf } from './envoy.ts'
import { headerPlatform } from './header-platform.ts'

/**
 * Azure Container Apps under `clientCertificateMode: accept`: Envoy's header of `Hash`, `Cert` and
 * `Chain`. Its ingress adds no header of the operator's.
 */
export const containerAppsFront: PlayedPlatform = headerPlatform({
  name: 'container-apps',
  passes: 'chain',
  hop: 'network',
  headers: async (connection) => [
    ['x-forwarded-client-cert', await xfccOf(connection, ['Cert', 'Chain'])],
  ],
})
