import { err, type Result } from '#shared/result.ts'
import type { ShrinkRules, UpdateRefusal } from '#shared/revocation/update.ts'
import type { Instant } from '#shared/time.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { RefusedFile, StoreLimits } from './document.ts'
import type { ObjectName, Objects } from './objects.ts'

/** What an operator, a source or an AWS tool asks of a trust store. Files are stored beforehand. */
export type Change =
  /** The whole CA bundle, as `ModifyTrustStore` has it; the first one makes the store. */
  | { readonly kind: 'replace_bundle'; readonly file: ObjectName }
  /** Without a file there are none any more. */
  | { readonly kind: 'replace_intermediates'; readonly file: ObjectName | undefined }
  /** All of them or none; `removing` goes with it in one step, so that a full store can swap a list. */
  | {
      readonly kind: 'add_lists'
      readonly lists: readonly OfferedList[]
      readonly removing?: readonly number[]
    }
  | { readonly kind: 'remove_lists'; readonly ids: readonly number[] }
  /** `issuer` is the DER of its Name, base64; `serial` hexadecimal in any platform's spelling. */
  | {
      readonly kind: 'revoke_serials'
      readonly serials: readonly {
        readonly issuer: string
        readonly serial: string
        readonly reason: string
      }[]
    }
  /** All that a device registry refuses, in the place of what it refused before. */
  | { readonly kind: 'replace_refused'; readonly files: readonly RefusedFile[] }
  /** Takes the word back: what a list says of the certificate stays. */
  | {
      readonly kind: 'restore_serials'
      readonly serials: readonly { readonly issuer: string; readonly serial: string }[]
    }

export interface OfferedList {
  readonly file: ObjectName
  readonly source: string
  /** `accept` is the operator's explicit word that this one list may lose entries. */
  readonly shrink?: 'accept'
}

/** Why a change is not made; the store stays as it was. */
export interface ChangeRefusal {
  readonly code: ChangeRefusalCode
  /** For people: what is wrong, where, and what was expected. */
  readonly because: string
  /** The file that is at fault, where it is one. */
  readonly file?: ObjectName
}

export type ChangeRefusalCode =
  | UpdateRefusal['code']
  | 'store_not_found'
  | 'bundle_malformed'
  | 'file_not_found'
  | 'list_not_found'
  | 'serial_malformed'
  | 'refused_malformed'
  | 'serial_not_revoked'
  | 'epoch_not_found'
  | 'limit_exceeded'

/** What a change is judged by. */
export interface ChangeContext {
  readonly objects: Objects
  readonly verifier: SignatureVerifier
  readonly limits: StoreLimits
  readonly now: Instant
  /** Gives an id that no list of this store ever had. */
  readonly newListId: () => number
  readonly shrink?: ShrinkRules
}

/** The refusal of a change, `because` in words for people. */
export const refused = (
  code: ChangeRefusalCode,
  because: string,
  file?: ObjectName,
): Result<never, ChangeRefusal> => err({ code, because, ...(file !== undefined && { file }) })

/** The refusal of a change that would take a store beyond one of its limits. */
export const overLimit = (what: string, found: number, limit: number, file?: ObjectName) =>
  refused('limit_exceeded', `${what}: ${found}, and at most ${limit} are taken`, file)
