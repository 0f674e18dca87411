import { buffer } from 'node:stream/consumers'
import { isOperationSet, operationSets } from './operations/sets.ts'
import { unpackFixture } from './runtimes/fixture-wire.ts'

/*
 * The first operation of a set, done once in a process that has done nothing before. The set's name
 * is the argument, its fixture comes on standard input; the CPU is told in microseconds.
 */

const [set = ''] = process.argv.slice(2)
if (!isOperationSet(set)) throw new Error(`no set ${set}`)
const fixture = unpackFixture(new Uint8Array(await buffer(process.stdin)))
const [operation] = await operationSets[set](fixture, 'node')
const before = process.cpuUsage()
await operation?.run(1)
const { user, system } = process.cpuUsage(before)
process.stdout.write(String(user + system))
