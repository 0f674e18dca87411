import { makers } from './makers.ts'
import { objectionsTo } from './good-requests.ts'

/*
 * node test/onboard/main.ts [count]: false alarms over so many good requests (10,000 unless told) of
 * the other makers together. Exit status 1 where there is one.
 */

const count = Number(process.argv[2] ?? 10_000)
if (!Number.isSafeInteger(count) || count < 1) throw new Error('expected a whole number above 0')
const each = Math.ceil(count / Object.keys(makers).length)
let errors = 0
for (const [name, make] of Object.entries(makers)) {
  const began = performance.now()
  const objections = await objectionsTo(make, each, (checked) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${checked} of ${each} `)
  })
  if (process.stderr.isTTY) process.stderr.write('\r')
  const seconds = Math.round((performance.now() - began) / 1000)
  errors += objections.errors.length
  const milder = JSON.stringify(objections.milder)
  console.log(
    `${name}: ${each} requests, ${objections.errors.length} errors, milder: ${milder} (${seconds} s)`,
  )
  for (const error of objections.errors.slice(0, 10)) console.log(`  ${error}`)
}
process.exitCode = errors === 0 ? 0 : 1
