import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createWorkersVerifier, type WorkersCrypto } from '#shared/x509/workers-verifier.ts'

/** What Workers have, and no type tells of in every project that reads this file. */
interface WorkersGlobals {
  readonly navigator?: { readonly userAgent?: string }
  /** By the compatibility flag `nodejs_compat`. */
  readonly process?: {
    getBuiltinModule?(name: 'node:crypto'): WorkersCrypto<object> | undefined
  }
}

/**
 * The cheapest verifier that needs nothing passed in: over `node:crypto` in Cloudflare Workers that
 * have it, as all do from a compatibility date of 2026-08-04, and over WebCrypto everywhere else.
 */
export function createRuntimeVerifier(
  ...old: Parameters<typeof createWebCryptoVerifier>
): SignatureVerifier {
  const { navigator, process }: WorkersGlobals = globalThis
  const isWorkers = navigator?.userAgent === 'Cloudflare-Workers'
  const crypto = isWorkers ? process?.getBuiltinModule?.('node:crypto') : undefined
  return crypto === undefined
    ? createWebCryptoVerifier(...old)
    : createWorkersVerifier(crypto, ...old)
}
