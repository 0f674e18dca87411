import { readdirSync, readFileSync } from 'node:fs'

/**
 * Microseconds of CPU that a process has used, all the threads that it has. Linux: the first number of
 * a thread's `schedstat` is nanoseconds on the processor (Documentation/scheduler/sched-stats.rst);
 * `stat` counts in steps of ten milliseconds.
 */
export function cpuUsOfProcess(pid: number): number {
  let ns = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [used] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')
    ns += Number(used)
  }
  return ns / 1000
}
