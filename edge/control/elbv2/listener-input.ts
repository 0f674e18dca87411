import type { ListenerChange } from '../listeners.ts'
import { storeByArn, type Call } from './call.ts'
import { AwsFault, optionalBoolean, optionalText, optionalTree, optionalTrees } from './input.ts'
import type { QueryTree } from './query.ts'
import { isListenerMode } from '../listeners.ts'

/** What of `MutualAuthentication` a listener is made of. */
type Mutual = Required<Pick<ListenerChange, 'mode' | 'trustStore' | 'ignoreExpiry'>>

/** Without `MutualAuthentication` undefined: as it is, which for a new listener is `off`. */
export async function readMutual(call: Call): Promise<Mutual | undefined> {
  const input = optionalTree(call.input, 'MutualAuthentication')
  if (input === undefined) return undefined
  const mode = optionalText(input, 'Mode') ?? 'off'
  if (!isListenerMode(mode)) {
    throw new AwsFault(
      'ValidationError',
      `Mutual authentication mode '${mode}' must be one of off, passthrough, verify`,
    )
  }
  refuseAdvertising(input)
  const arn = optionalText(input, 'TrustStoreArn')
  const ignoreExpiry = optionalBoolean(input, 'IgnoreClientCertificateExpiry') ?? false
  if (mode !== 'verify') {
    if (arn === undefined && !ignoreExpiry) return { mode, trustStore: undefined, ignoreExpiry }
    throw onlyVerify()
  }
  if (arn === undefined) {
    throw new AwsFault(
      'InvalidConfigurationRequest',
      'A trust store must be specified for verify mode',
    )
  }
  return { mode, trustStore: await readyStore(call, arn), ignoreExpiry }
}

const onlyVerify = (): AwsFault =>
  new AwsFault(
    'InvalidConfigurationRequest',
    'TrustStoreArn and IgnoreClientCertificateExpiry are for verify mode',
  )

/** The names go out in the handshake, and whoever ends the TLS in front has them from elsewhere. */
function refuseAdvertising(input: QueryTree): void {
  const word = optionalText(input, 'AdvertiseTrustStoreCaNames') ?? 'off'
  if (word === 'off') return
  throw new AwsFault(
    'InvalidConfigurationRequest',
    'AdvertiseTrustStoreCaNames cannot be on: the TLS terminator in front asks for certificates, and not this listener',
  )
}

async function readyStore(call: Call, arn: string): Promise<string> {
  const { name } = await storeByArn(call, arn, 'read')
  if ((await call.plane.store(name).head()) !== undefined) return name
  throw new AwsFault('TrustStoreNotReady', `The trust store '${arn}' is not active`)
}

/** ALB: 25 certificates a load balancer beside the default; actions of one listener are few. */
const membersMax = 26

/**
 * What is kept and shown, and acted upon elsewhere: where TLS ends (certificates, security policy), and
 * in the edge worker's variables (targets). Only what is given.
 *
 * Throws an AwsFault for actions that nobody would carry out.
 */
export function readKept(input: QueryTree): QueryTree {
  const actions = optionalTrees(input, 'DefaultActions', membersMax)
  const lie = actions.find((action) => optionalText(action, 'Type') !== 'forward')
  if (lie !== undefined) {
    throw new AwsFault(
      'InvalidConfigurationRequest',
      `The action type '${optionalText(lie, 'Type') ?? ''}' is not acted upon here: only forward is taken, and rules are the edge worker's variable ROUTES`,
    )
  }
  const lists = ['Certificates', 'DefaultActions'] as const
  const given = lists.filter((name) => optionalTrees(input, name, membersMax).length > 0)
  const policy = optionalText(input, 'SslPolicy')
  return {
    ...Object.fromEntries(given.map((name) => [name, optionalTrees(input, name, membersMax)])),
    ...(policy !== undefined && { SslPolicy: policy }),
  }
}

/** Only HTTPS has client certificates. */
export function requireHttps(input: QueryTree): void {
  const protocol = optionalText(input, 'Protocol') ?? 'HTTPS'
  if (protocol === 'HTTPS') return
  throw new AwsFault('UnsupportedProtocol', `The protocol '${protocol}' is not supported: HTTPS is`)
}
