import type { ServerCredential } from '../ca/server-credential.ts'

/** Whose real TLS servers a run can start. `sallyport` is the front and the worker in workerd. */
export const gatewayNames = [
  'nginx',
  'haproxy',
  'apache',
  'mosquitto',
  'node',
  'sallyport',
  'sallyport-serve',
] as const

export type GatewayName = (typeof gatewayNames)[number]

/** One revocation list in DER, and the file that it is published as. */
export interface PublishedList {
  /** `issuing-1.crl` */
  readonly name: string
  readonly der: Uint8Array
}

/** What an operator, or whoever feeds the gateway, puts where its lists are read. */
export type Publication =
  /** Every list that is in force, in place of those before. */
  | { readonly kind: 'lists'; readonly lists: readonly PublishedList[] }
  /** Octets that are no list, in place of `name`, or of the one file that holds them all. */
  | { readonly kind: 'damaged'; readonly name: string; readonly octets: Uint8Array }
  /** The file is gone: `name`, or the one that holds them all. */
  | { readonly kind: 'missing'; readonly name: string }

/** What every gateway is started with: its own certificate, and what it decides by. */
export interface Site {
  /** An empty folder of its own. */
  readonly folder: string
  readonly server: ServerCredential
  readonly anchorsPem: string
  /** For those that need them at hand; devices send theirs along. */
  readonly intermediatesPem: string
  readonly lists: readonly PublishedList[]
}

/** A server that was started, and asks each client for a certificate. */
export interface RunningGateway {
  /** On 127.0.0.1. */
  readonly port: number
  /**
   * Publishes and does what the server's manual says to make it known (reload, signal, runtime
   * command); resolves once that is in force, or the server has refused it. Says what it did.
   */
  publish(publication: Publication): Promise<string>
  /** Ends it and all of its processes. */
  stop(): Promise<void>
}

/** A gateway in one configuration that people run. */
export interface GatewaySetup {
  readonly gateway: GatewayName
  /** How it differs from others of its gateway: `ticket key file`. */
  readonly variant: string
  readonly protocol: 'https' | 'mqtts'
  /** The program it needs; undefined where it comes with the project. */
  readonly program?: string
  start(site: Site): Promise<RunningGateway>
}

/** `nginx, ticket key file` */
export function setupName({ gateway, variant }: GatewaySetup): string {
  return `${gateway}, ${variant}`
}
