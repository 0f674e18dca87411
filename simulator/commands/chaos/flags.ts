/** What every command of `sallyport chaos` that starts gateways is told. */
export interface ChaosFlags {
  /** One of `targetWords`. */
  readonly target: string
  readonly json?: true
}

/** What `sallyport chaos proxy` is told. */
export interface ProxyFlags {
  /** `host:port` */
  readonly upstream: string
  readonly port: number
  readonly seed: number
  /** Each as `parseToxic` reads it. */
  readonly toxic?: readonly string[]
}
