import { readFileSync } from 'node:fs'

/** USER_HZ, which Linux fixes at 100 for every architecture that Node runs on. */
const tickUs = 10_000

/** Microseconds of CPU that a process has used, all its threads, in steps of ten milliseconds. Linux. */
export function cpuUsOfProcess(pid: number): number {
  // proc(5): the name stands in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * tickUs
}
