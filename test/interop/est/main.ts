import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildGoParser, caKinds, certtool, folderOf, go, issueMany, openssl } from './issued.ts'

/*
 * `node test/interop/est/main.ts [--count 10000]`: so many certificates of the built-in CA, of every
 * kind of CA key, and what OpenSSL, GnuTLS and Go object to. Exits 1 where anybody objects.
 */

const { values } = parseArgs({ options: { count: { type: 'string', default: '10000' } } })
const count = Number(values.count)
if (!Number.isInteger(count) || count < caKinds.length) {
  console.error(`--count: expected a whole number, ${caKinds.length} at least`)
  process.exit(2)
}
const parser = buildGoParser()
if (parser === undefined) {
  console.error('there is no Go here: apt-get install golang-go')
  process.exit(2)
}
const each = Math.ceil(count / caKinds.length)
for (const kind of caKinds) {
  const issued = await issueMany(kind, each)
  const { folder, files } = folderOf(issued)
  const opinions = {
    OpenSSL: openssl(folder, files),
    GnuTLS: certtool(folder, files),
    Go: go(parser.program, folder, issued.certificates),
  }
  for (const [who, { good, objections }] of Object.entries(opinions)) {
    console.log(`CA of ${kind}: ${who} takes ${good} of ${each}`)
    for (const objection of objections.slice(0, 3)) console.log(`  ${objection}`)
    if (good !== each || objections.length > 0) process.exitCode = 1
  }
  rmSync(folder, { recursive: true })
}
rmSync(parser.folder, { recursive: true })
