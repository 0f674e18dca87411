import type { TrustStoreRow } from '../directory.ts'
import type { ListenerRow } from '../listeners.ts'

/** Where everything of this deployment is, as AWS's tools name it. */
export interface Account {
  readonly region: string
  /** Twelve digits. */
  readonly account: string
}

/** The partition of a region: ARNs of China and GovCloud begin otherwise. */
const partitionOf = (region: string): string => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** The ARN of a resource of this account. */
export const arnOf = ({ region, account }: Account, resource: string): string =>
  `arn:${partitionOf(region)}:elasticloadbalancing:${region}:${account}:${resource}`

export const storeArn = (
  where: Account,
  { name, id }: Pick<TrustStoreRow, 'name' | 'id'>,
): string => arnOf(where, `truststore/${name}/${id}`)

export const balancerArn = (where: Account, balancer: string): string =>
  arnOf(where, `loadbalancer/${balancer}`)

export const listenerArn = (
  where: Account,
  { balancer, id }: Pick<ListenerRow, 'balancer' | 'id'>,
): string => arnOf(where, `listener/${balancer}/${id}`)

/** The resource that an ARN of this account and region names; undefined for any other text. */
export function resourceOf(where: Account, arn: string): string | undefined {
  const own = arnOf(where, '')
  return arn.startsWith(own) ? arn.slice(own.length) : undefined
}

/** `app/fleet/50dc6c495c0c9188` of an application load balancer's ARN. */
export function balancerOf(where: Account, arn: string): string | undefined {
  return /^loadbalancer\/(app\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16})$/.exec(
    resourceOf(where, arn) ?? '',
  )?.[1]
}
