import { toBase64 } from '#shared/bytes.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'

/**
 * Azure App Service with incoming client certificates: bare base64 of the leaf, validated by nobody.
 * Its front end adds no header of the operator's.
 */
export const appServiceFront: PlayedPlatform = headerPlatform({
  name: 'app-service',
  passes: 'leaf',
  hop: 'network',
  headers: ({ chain: [leaf] }) => [['x-arr-clientcert', leaf && toBase64(leaf)]],
})
