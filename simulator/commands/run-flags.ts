import type { EventFormat } from '../report/event-log/formats.ts'
import type { FrontProfileName } from '../scenario/scenario.ts'

/** What the command line may say beside the scenario's file. */
export interface RunFlags {
  readonly seed?: number
  readonly devices?: number
  readonly scale?: number
  readonly days?: number
  readonly mode?: 'verify' | 'passthrough'
  readonly profile?: FrontProfileName
  readonly port: number
  readonly report: string
  readonly json?: true
  readonly target?: string
  readonly targetCa?: string
  readonly ca: string
  readonly trustDir?: string
  readonly publishCommand?: string
  readonly compression?: number
  readonly engine?: 'wire' | 'virtual'
  readonly shards?: number
  readonly clientProcesses?: number
  readonly logHash?: true
  readonly events?: EventFormat
  /** A port, or true for any free one. */
  readonly dashboard?: number | true
}
