import type { PlayedPlatform } from '../played.ts'
import { runtimePlatform } from './runtime-platform.ts'

/** Fastly Compute: `event.client`, with the leaf's raw octets, DER here, and null without one. */
export const fastlyFront: PlayedPlatform = runtimePlatform('fastly', ({ chain: [leaf] }) => ({
  tlsClientCertificate: leaf ?? null,
}))
