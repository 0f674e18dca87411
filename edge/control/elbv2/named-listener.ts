import type { ListenerRow } from '../listeners.ts'
import { listenerArn } from './arns.ts'
import type { Call } from './call.ts'
import { AwsFault } from './input.ts'

/** The listener of an ARN. Throws an AwsFault where there is none. */
export async function listenerByArn(
  { plane, where }: Pick<Call, 'plane' | 'where'>,
  arn: string,
): Promise<ListenerRow> {
  const listeners = await plane.directory.listeners()
  const found = listeners.find((each) => listenerArn(where, each) === arn)
  if (found !== undefined) return found
  throw new AwsFault('ListenerNotFound', `One or more listeners not found: '${arn}'`)
}
