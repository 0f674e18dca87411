import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { besideAnother, describeServer } from './describe-server.ts'
import { faults, good, inForce, ofEnded } from './publisher.ts'
import {
  httpHello,
  httpWelcome,
  startedWith,
  type CrlServer,
  type RunningServer,
} from './servers.ts'

/*
 * HAProxy with `crl-file` under the faults of trust-stores.test.ts: what is expected here is what it
 * does, for the table of docs/revocation.md, and not what it should. Its lists are replaced as its
 * manual says (9.3, "set ssl crl-file"), through its socket.
 */

const haproxy: CrlServer = {
  program: 'haproxy',
  args: (file) => ['-db', '-f', file],
  config: ({ folder, port }) => `
global
  stats socket ${folder}/admin level admin
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend devices
  bind 127.0.0.1:${port} ssl crt ${folder}/server-with-key.pem ca-file ${folder}/anchors.pem verify required crl-file ${folder}/crls.pem
  http-request return status 200
`,
  hello: httpHello,
  welcome: httpWelcome,
  async reload(running) {
    const file = join(running.folder, 'crls.pem')
    const set = await say(running, `set ssl crl-file ${file} <<\n${readFileSync(file, 'utf8')}\n`)
    if (!set.includes('transaction created')) return 'refused'
    const committed = await say(running, `commit ssl crl-file ${file}\n`)
    return committed.includes('Success!') ? 'taken' : 'refused'
  },
}

/** One command to its socket, and the answer. */
async function say({ folder }: RunningServer, command: string): Promise<string> {
  const socket = connect(join(folder, 'admin'))
  socket.end(command)
  let answer = ''
  for await (const text of socket.setEncoding('utf8')) answer += String(text)
  return answer
}

describeServer(haproxy, (stage) => {
  test.each<[string, string, readonly string[]]>([
    ['C6: a list that has ended keeps everybody out', faults.C6, ['out', 'out']],
    ['C8: no list of the issuer keeps everybody out', faults.C8, ['out', 'out']],
    ['C9: an older list lets the revoked device in', faults.C9, ['in', 'in']],
    ['C10: numbers are not looked at', faults.C10, ['in', 'in']],
    ['C11: of two lists of one instant the older wins', faults.C11, ['in', 'in']],
    ['C12 and C13: a delta that revokes is not looked at', faults.C13, ['in', 'in']],
    ['C14: a list of another point keeps everybody out', faults.C14, ['out', 'out']],
    ['C16: an empty list by mistake lets the revoked device in', faults.C16, ['in', 'in']],
    ['C17: a forged list keeps everybody out', faults.C17, ['out', 'out']],
    ['C18: an intermediate that is revoked takes its devices with it', faults.C18, ['out', 'out']],
  ])('%s', async (_name, pem, expected) => {
    expect(await stage().publish(pem)).toBe('taken')
    expect(await stage().knocks()).toEqual(expected)
  })

  test.each<[string, string]>([
    ['C7: an error page is refused, and what it had stays', faults.C7.page],
    ['C7: cut off: it is refused, and what it had stays', faults.C7.cut],
  ])('%s', async (_name, pem) => {
    expect(await stage().publish(pem)).toBe('refused')
    expect(await stage().knocks()).toEqual(['in', 'out'])
  })

  test('C7: with an error page it does not start', async () => {
    expect(await startedWith(haproxy, faults.C7.page)).toBe('does not start')
  })

  test('C19: an intermediate that has ended takes its devices with it', async () => {
    const knocks = [await stage().knock(good.shown), await stage().knock(ofEnded.shown)]
    expect(knocks).toEqual(['in', 'out'])
  })

  test('C32: with an empty bundle it does not start', async () => {
    expect(await startedWith(haproxy, inForce, '')).toBe('does not start')
  })

  test('C40: what one server was told another does not know', async () => {
    expect(await besideAnother(stage(), haproxy)).toEqual(['out', 'in', 'in'])
  })
})
