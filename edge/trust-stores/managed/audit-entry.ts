import type { Instant } from '#shared/time.ts'
import type { SourceChange } from '../sources/source.ts'
import type { Change, ChangeRefusal } from './changes.ts'
import type { ObjectName } from './objects.ts'

/** One line of a store's audit log: a change that was asked for, made or refused. Never rewritten. */
export interface AuditEntry {
  readonly id: number
  readonly at: Instant
  /** Who asked: the name of a token, an access key, a source. */
  readonly by: string
  readonly change: StoreChange | SourceChange
  /** What came of it. A file that was refused stays in the bucket for inspection; `done` is of a source. */
  readonly outcome:
    | {
        readonly kind: 'made'
        readonly epoch: number
        /** Undefined where the store was deleted. */
        readonly document: ObjectName | undefined
      }
    | { readonly kind: 'refused'; readonly refusal: ChangeRefusal }
    | { readonly kind: 'done' }
}

/** Whatever may be asked of a store. */
export type StoreChange = Change | RollBack | Deletion

/** The store is no more: whoever follows it lets nobody in. Its log and its epochs go on, should it be made again. */
export interface Deletion {
  readonly kind: 'delete'
}

/** An operator's explicit word: everything as it was at an epoch. */
export interface RollBack {
  readonly kind: 'roll_back'
  readonly epoch: number
}
