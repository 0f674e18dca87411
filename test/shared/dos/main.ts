import { certifiedConstraints, createAttacks } from './attacks.ts'
import { prepare } from './decide.ts'

/*
 * What each of the worst presentations costs: CPU time of one decision (the median of several, and
 * the worst), and how much the heap grew. Tests assert the counts; times are for people to look at.
 */

const rounds = 9

const row = (...cells: readonly string[]) => `${cells.map((cell) => cell.padStart(9)).join(' ')}  `

process.stdout.write(`${row('median', 'worst', 'heap', 'signed')}presented\n`)
for (const attack of [...(await createAttacks()), ...(await certifiedConstraints())]) {
  const decide = await prepare(attack)
  const { refused, signatures } = await decide()
  const times: number[] = []
  let heap = 0
  for (let round = 0; round < rounds; round += 1) {
    const before = process.memoryUsage().heapUsed
    const start = process.cpuUsage()
    await decide()
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
    heap = Math.max(heap, process.memoryUsage().heapUsed - before)
  }
  times.sort((a, b) => a - b)
  const [median = 0, worst = 0] = [times[rounds >> 1], times.at(-1)]
  const octets = [attack.leaf, ...attack.intermediates].reduce((sum, der) => sum + der.length, 0)
  const figures = row(
    `${median.toFixed(1)} ms`,
    `${worst.toFixed(1)} ms`,
    `${(heap / 1e6).toFixed(1)} MB`,
    `${signatures}`,
  )
  process.stdout.write(`${figures}${attack.name}: ${refused} (${octets} octets)\n`)
}
