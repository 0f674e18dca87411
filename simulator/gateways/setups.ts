import { apacheSetups } from './apache.ts'
import type { GatewaySetup } from './gateway.ts'
import { haproxySetups } from './haproxy.ts'
import { mosquittoSetups } from './mosquitto.ts'
import { nginxSetups } from './nginx.ts'
import { nodeSetups } from './node.ts'
import { programOf } from './program.ts'
import { sallyportServeSetups } from './sallyport-serve.ts'
import { sallyportSetups } from './sallyport.ts'

/** Every gateway in every configuration that a run can start. */
export const gatewaySetups: readonly GatewaySetup[] = [
  ...nginxSetups,
  ...haproxySetups,
  ...apacheSetups,
  ...mosquittoSetups,
  ...nodeSetups,
  ...sallyportSetups,
  ...sallyportServeSetups,
]

/** Whether its program is installed here. */
export function isInstalled({ program }: GatewaySetup): boolean {
  return program === undefined || programOf(program) !== undefined
}
