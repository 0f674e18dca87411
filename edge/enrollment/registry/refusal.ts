import type { DeviceRefusal } from './devices.ts'

/** Why something is not done, with a word for programs and a sentence for people. */
export interface RegistryRefusal {
  readonly code: RegistryRefusalCode
  readonly because: string
}

export type RegistryRefusalCode =
  | DeviceRefusal['code']
  | 'class_malformed'
  | 'claim_not_found'
  | 'claim_malformed'
  | 'ca_not_proven'
  | 'ca_not_found'
  | 'too_many_cas'
  | 'certificate_not_found'
  | 'binding_not_found'
  | 'ca_unknown'
  | 'ca_disabled'
  | 'first_connection_refused'
  | 'first_connections_used'
  | 'certificate_revoked'
  | 'device_of_another'
