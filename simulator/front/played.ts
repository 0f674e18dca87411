import type { FrontProfile } from './profile.ts'

/** What a run decides for its front and for the gateway behind it alike. */
export interface FrontSetting {
  /** The listener's mode, and what it makes of an expired certificate: where the platform decides too. */
  readonly mode: 'verify' | 'passthrough'
  readonly expired: 'refuse' | 'allow'
  /** Prefix of ALB's headers: known to this run's load balancer and gateway only. */
  readonly albPrefix: string
  /** Sent along by every terminator that can add a header of its own. */
  readonly hopSecret: string
}

/** A platform as the simulator plays it: the front, and how the gateway behind it is configured. */
export interface PlayedPlatform {
  /**
   * What of a chain reaches the gateway in every mode. Behind `leaf` the trust store has to hold the
   * intermediates, or no path is found.
   */
  readonly passes: 'chain' | 'leaf'
  readonly front: (setting: FrontSetting) => FrontProfile
  /** The gateway's variables beside `PLATFORM`. */
  readonly gateway: (setting: FrontSetting) => Readonly<Record<string, string>>
}
