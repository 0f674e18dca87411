import { setTimeout as wait } from 'node:timers/promises'
import { startFaultProxy } from '../../chaos/net/fault-proxy.ts'
import { parseToxic, type Toxic } from '../../chaos/net/toxic.ts'
import { stream } from '../../random.ts'
import { messageOf, unusable } from '../options.ts'
import type { ProxyFlags } from './flags.ts'
import { endOnSignals } from './targets.ts'

/** Starts the proxy and says where it listens; ends with the process. */
export async function runProxy({ upstream, port, seed, toxic = [] }: ProxyFlags): Promise<void> {
  endOnSignals()
  const [, host, digits] = /^(\S+):(\d{1,5})$/.exec(upstream) ?? []
  if (host === undefined || Number(digits) > 65_535) {
    unusable(`--upstream ${upstream}: expected host:port`)
  }
  const options = {
    upstream: { host, port: Number(digits) },
    port,
    toxics: toxic.map(toxicOf),
    random: stream(seed, 'fault-proxy'),
    wait,
  }
  const proxy = await startFaultProxy(options).catch((error: unknown) => unusable(messageOf(error)))
  console.log(`listening on 127.0.0.1:${proxy.port}, goes on to ${upstream}`)
}

function toxicOf(text: string): Toxic {
  const toxic = parseToxic(text)
  return toxic.ok ? toxic.value : unusable(`--toxic ${text}: ${toxic.error}`)
}
