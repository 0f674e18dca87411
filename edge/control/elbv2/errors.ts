/**
 * Errors as the ELBv2 API (2015-12-01) has them: the code on the wire with its HTTP status. Those of
 * trust stores are all the sender's fault, status 400.
 */
const statuses = {
  // Common errors of the query protocol.
  AccessDenied: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  RequestReplayed: 400,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  ValidationError: 400,
  // Of its own.
  AssociationNotFound: 400,
  CaCertificatesBundleNotFound: 400,
  DeleteAssociationSameAccount: 400,
  DuplicateListener: 400,
  DuplicateTagKeys: 400,
  DuplicateTrustStoreName: 400,
  InvalidCaCertificatesBundle: 400,
  InvalidConfigurationRequest: 400,
  InvalidRevocationContent: 400,
  ListenerNotFound: 400,
  LoadBalancerNotFound: 400,
  ResourceNotFound: 400,
  RevocationContentNotFound: 400,
  RevocationIdNotFound: 400,
  TooManyListeners: 400,
  TooManyTags: 400,
  TooManyTrustStoreRevocationEntries: 400,
  TooManyTrustStores: 400,
  TrustStoreInUse: 400,
  TrustStoreNotFound: 400,
  TrustStoreNotReady: 400,
  UnsupportedProtocol: 400,
} as const

export type AwsErrorCode = keyof typeof statuses

export interface AwsError {
  readonly code: AwsErrorCode
  readonly message: string
}

export const awsError = (code: AwsErrorCode, message: string): AwsError => ({ code, message })

/** The HTTP status of an error. */
export const statusOf = ({ code }: AwsError): (typeof statuses)[AwsErrorCode] => statuses[code]
