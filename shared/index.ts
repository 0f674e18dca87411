/**
 * The verification core as a library: `import { verify } from 'sallyport'`. Web platform alone; time
 * and signatures are arguments. `sallyport/hono`, `/lambda`, `/node`, … bring it to requests.
 */
export { createCaches, type Caches } from './caches.ts'
export type { DeviceIdentity } from './identity/device-identity.ts'
export { identityText, type IdentityText } from './identity/identity-text.ts'
export { strictPolicy, type VerificationPolicy } from './path/policy.ts'
export { profiles } from './path/profile/profiles.ts'
export type { Result } from './result.ts'
export { createAuthenticatedCrls, type AuthenticatedCrls } from './revocation/authenticated-crls.ts'
export { parseCrl, type Crl } from './revocation/crl.ts'
export { strictFreshness, type FreshnessPolicy } from './revocation/freshness.ts'
export { importKeyRing, type KeyRing } from './session/key-ring.ts'
export { instantFromIso, instantFromMs, isoFromInstant, type Clock, type Instant } from './time.ts'
export {
  albLimits,
  buildTrustStore,
  defaultLimits,
  type Limits,
  type TrustStore,
  type TrustStoreParts,
} from './trust-store/trust-store.ts'
export { answers } from './verdict/answers.ts'
export type { Decision } from './verdict/decision.ts'
export type { Presented } from './verdict/presented.ts'
export type { Rejection, RejectionCode } from './verdict/rejection.ts'
export { verify, type Verification } from './verify.ts'
export { readCertsOnly, writeCertsOnly } from './wire/certs-only.ts'
export { decodePem, encodePem } from './wire/pem.ts'
export { algorithmSets, type AlgorithmSet } from './x509/algorithm-sets.ts'
export type { Certificate } from './x509/certificate.ts'
export { createNodeVerifier } from './x509/node-verifier.ts'
export { parseCertificate } from './x509/parse.ts'
export type { SignatureVerifier } from './x509/signature.ts'
export { createRememberingVerifier } from './x509/remembering-verifier.ts'
export { createWebCryptoVerifier } from './x509/web-crypto-verifier.ts'
