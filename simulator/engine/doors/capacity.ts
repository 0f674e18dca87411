/**
 * Connections that one process opens at most, of the descriptors that it may have
 * (RLIMIT_NOFILE, getrlimit(2)): the rest is for its files, pipes and sockets that are closing.
 */
const shareOfDescriptors = 0.8

/** A device's connection, the front's side of it, and the front's own to the edge. */
const descriptorsInOneProcess = 3

/**
 * How many processes are to hold the connections of so many devices, all connected at once; 0: this
 * one by itself, beside the front.
 *
 * @param descriptors that a process may have
 */
export function clientProcessesFor(devices: number, descriptors: number): number {
  const connections = Math.floor(descriptors * shareOfDescriptors)
  if (devices * descriptorsInOneProcess <= connections) return 0
  return Math.ceil(devices / connections)
}

/** Where a system does not say: what Linux gives a process by default, which Node raises to it. */
const usualDescriptors = 4096

/** Descriptors that this process may have, and those that it starts. */
export function descriptorsOfProcess(): number {
  const report: object = process.report.getReport()
  const limits: unknown = Reflect.get(report, 'userLimits')
  const files: unknown =
    typeof limits === 'object' && limits !== null ? Reflect.get(limits, 'open_files') : undefined
  const soft: unknown =
    typeof files === 'object' && files !== null ? Reflect.get(files, 'soft') : undefined
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER
  return typeof soft === 'number' ? soft : usualDescriptors
}
