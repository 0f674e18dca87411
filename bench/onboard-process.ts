import { devNull } from 'node:os'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { onboardCommand } from '#simulator/commands/onboard/onboard.ts'

/*
 * `onboard check` in a process by itself: lines on standard input, the report thrown away. Says what
 * it cost as one JSON line, from the process's start; and what a bare verification costs on the same
 * machine at the same time.
 */

await onboardCommand().parseAsync(
  ['check', '-', '--format', 'json', '--output', devNull, '--fail-on', 'info'],
  { from: 'user' },
)
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const cpuUs = userCPUTime + systemCPUTime
const isClean = process.exitCode === 0
const bareUs = bareVerificationUs(2000)
process.stdout.write(`${JSON.stringify({ isClean, cpuUs, bareUs, peakRssKb: maxRSS })}\n`)
process.exitCode = 0

function bareVerificationUs(times: number): number {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = Buffer.alloc(300)
  const signature = sign('sha256', signed, privateKey)
  const before = process.cpuUsage()
  for (let done = 0; done < times; done += 1) {
    if (!verify('sha256', signed, publicKey, signature)) throw new Error('not verified')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}
