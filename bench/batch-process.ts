import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { Writable } from 'node:stream'
import { runBatch } from '#simulator/commands/verify-batch.ts'

/*
 * A batch in a process by itself: cases on standard input, answers counted and thrown away. Says what
 * it cost as one JSON line, from the process's start; and what a bare verification costs on the same
 * machine at the same time.
 */

let accepted = 0
let answers = 0

const counting = new Writable({
  write(chunk: Buffer, _encoding, done) {
    for (const answer of chunk.toString('latin1').split('\n')) {
      if (answer === '') continue
      answers += 1
      if (answer.includes('"outcome":"accepted"')) accepted += 1
    }
    done()
  },
})

await runBatch('-', counting)
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const cpuUs = userCPUTime + systemCPUTime
const bareUs = bareVerificationUs(2000)
process.stdout.write(`${JSON.stringify({ answers, accepted, cpuUs, bareUs, peakRssKb: maxRSS })}\n`)

function bareVerificationUs(times: number): number {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = Buffer.alloc(600)
  const signature = sign('sha256', signed, privateKey)
  const before = process.cpuUsage()
  for (let done = 0; done < times; done += 1) {
    if (!verify('sha256', signed, publicKey, signature)) throw new Error('not verified')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}
