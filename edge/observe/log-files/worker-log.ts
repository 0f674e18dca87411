import { waitUntil } from 'cloudflare:workers'
import type { Ports } from '../../context.ts'
import { createHandOver, logLosses } from './hand-over.ts'
import type { ConnectionLogFiles } from './connection-log-files.ts'
import { logFileFamilies } from './log-file-families.ts'
import type { LogFileSettings } from './read-log-files.ts'

/** Durable Objects of the class, one a node. */
export type LogNodes = DurableObjectNamespace<ConnectionLogFiles>

/**
 * Where a worker's log lines go: over to one of the nodes, behind the answer to the device. What no
 * node takes is counted, and printed like the log of a worker without files.
 */
export function workerLog(
  namespace: LogNodes,
  { nodes, gatherMs }: Pick<LogFileSettings, 'nodes' | 'gatherMs'>,
  { clock, random, metrics }: Pick<Ports, 'clock' | 'random' | 'metrics'>,
): Pick<Ports, 'log' | 'figures'> {
  const stubOf = (node: number) => namespace.get(namespace.idFromName(`node-${node}`))
  // Each isolate keeps to one of them.
  const own = (random(1)[0] ?? 0) % nodes
  metrics.countHandedOver(0)
  for (const because of logLosses) metrics.countLost(0, because)
  const handOver = createHandOver({
    clock,
    random,
    offer: (batch) => stubOf(own).take(batch, own),
    gatherMs,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    handedOver: (lines) => metrics.countHandedOver(lines),
    lost(lines, because) {
      metrics.countLost(lines.length, because)
      for (const line of lines) console.log(line)
    },
    report: (problem) => console.error(problem),
  })
  return {
    log(line) {
      handOver.add(line)
      waitUntil(handOver.send())
    },
    async figures() {
      const asked = Array.from({ length: nodes }, (_, node) => stubOf(node).figures())
      const answers = await Promise.allSettled(asked)
      return logFileFamilies(answers)
    },
  }
}
