import type { Contender } from '../measure.ts'
import type { Fixture, RuntimeName } from '../operations/operation.ts'
import type { OperationSet } from '../operations/sets.ts'

/** Where operations run while they are measured. */
export interface Runtime {
  readonly name: RuntimeName
  /** The operations of one bench, ready to be measured here. */
  contenders(set: OperationSet, fixture: Fixture): Promise<readonly Contender[]>
  close(): Promise<void>
}
