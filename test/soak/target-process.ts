import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * A target of a soak, in a process of its own, so that it can be killed: node target-process.ts NAME
 * PORT JOURNAL. Each arrival is in the journal before it is answered, whatever happens then. The
 * parent is told the port, and says how slow to be.
 */
const [, , name = '', port = '0', journal = ''] = process.argv
const file = openSync(journal, 'a')

/** Milliseconds before an answer. */
let delayMs = 0
process.on('message', (message) => {
  delayMs = Number(message)
})
// Nobody outlives the parent.
process.on('disconnect', () => process.exit())

const server = createServer((incoming, outgoing) => {
  const [, id = 'none'] = /Root=1-[0-9a-f]{8}-([0-9a-f]{24})/.exec(traceOf(incoming.headers)) ?? []
  writeSync(file, `${id}\n`)
  incoming.resume().on('end', () => {
    setTimeout(() => outgoing.end(`${name} ${id}`), delayMs)
  })
})

const traceOf = (headers: Readonly<Record<string, unknown>>): string =>
  String(headers['x-amzn-trace-id'])

server.listen(Number(port), '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
