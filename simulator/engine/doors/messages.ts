import type { Result } from '#shared/result.ts'
import type { MqttUse } from '../../scenario/scenario.ts'
import type { Observation } from '../../oracle/attempt.ts'
import type { DeviceRequest } from '../client/device-connection.ts'
import type { DeviceCredential, HandshakeCount } from '../client/tls-connection.ts'
import type { Answer, DoorOptions } from '../door.ts'

/** What a process that holds devices' connections is asked to do. `line` is what an opening gave. */
export type Call =
  /** `nth` of all such processes, from 0. */
  | { readonly kind: 'stand'; readonly door: DoorOptions; readonly nth: number }
  | {
      readonly kind: 'open_https'
      readonly credential: DeviceCredential | undefined
      readonly session: Buffer | undefined
    }
  | {
      readonly kind: 'open_mqtt'
      readonly credential: DeviceCredential
      readonly clientId: string
      readonly use: MqttUse
    }
  | { readonly kind: 'request'; readonly line: number; readonly request: DeviceRequest }
  | {
      readonly kind: 'publish'
      readonly line: number
      readonly topic: string
      readonly payload: string
    }
  | { readonly kind: 'close'; readonly line: number }

/** What each call is answered with. */
export interface Answers {
  readonly stand: undefined
  readonly open_https: Result<{ readonly line: number; readonly resumed: boolean }, Observation>
  readonly open_mqtt: Result<
    { readonly line: number; readonly observation: Observation },
    Observation
  >
  /** With the newest session that the server offered. */
  readonly request: { readonly answer: Answer; readonly session: Buffer | undefined }
  readonly publish: Observation
  readonly close: undefined
}

export interface CallMessage {
  readonly nth: number
  readonly call: Call
}

/** What a process has used since its start. */
export interface ProcessUsage {
  readonly cpuMs: number
  readonly peakRssBytes: number
}

export interface ReplyMessage {
  /** Of the call. */
  readonly nth: number
  readonly answer: Answers[Call['kind']]
  /** Of this process since its start. */
  readonly handshakes: HandshakeCount
  readonly usage: ProcessUsage
}
