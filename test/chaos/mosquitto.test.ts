import { expect, test } from 'vitest'
import { besideAnother, describeServer, withNextRoot } from './describe-server.ts'
import { faults, good, inForce, ofEnded, revoked } from './publisher.ts'
import { dial, firstOctets, startedWith, until, type CrlServer } from './servers.ts'

/*
 * mosquitto with `crlfile` under the faults of trust-stores.test.ts: what is expected here is what it
 * does, for the table of docs/revocation.md, and not what it should.
 */

/** MQTT 3.1.1 section 3.1: a clean session of an hour, by the client `c`. */
const connectPacket = Buffer.from([
  0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0x0e, 0x10, 0, 1, 0x63,
])

/** Section 3.2: taken, and no session of before. */
const connected = Buffer.from([0x20, 2, 0, 0])

const reloads = (said: string): number => said.split('Reloading config.').length - 1

const mosquitto: CrlServer = {
  program: 'mosquitto',
  args: (file) => ['-c', file, '-v'],
  config: ({ folder, port }) => `
user ${process.getuid?.() === 0 ? 'root' : ''}
log_dest stderr
allow_anonymous true
listener ${port} 127.0.0.1
cafile ${folder}/anchors.pem
certfile ${folder}/server.pem
keyfile ${folder}/server.key
require_certificate true
crlfile ${folder}/crls.pem
`,
  hello: connectPacket,
  welcome: connected,
  async reload({ child, said }) {
    const before = reloads(said())
    child.kill('SIGHUP')
    await until({ child, said }, () => reloads(said()) > before)
    // It never says that it did not take a file.
    return 'taken'
  },
}

describeServer(mosquitto, (stage) => {
  test.each<[string, string | undefined, readonly string[]]>([
    ['C6: a list that has ended keeps everybody out', faults.C6, ['out', 'out']],
    ['C7: an error page lets the revoked device in', faults.C7.page, ['in', 'in']],
    ['C7: cut off: the revoked device is let in', faults.C7.cut, ['in', 'in']],
    ['C8: no list of the issuer keeps everybody out', faults.C8, ['out', 'out']],
    ['C8: a file that is missing lets the revoked device in', undefined, ['in', 'in']],
    ['C9: an older list lets the revoked device in', faults.C9, ['in', 'in']],
    ['C10: numbers are not looked at', faults.C10, ['in', 'in']],
    ['C11: of two lists of one instant the older wins', faults.C11, ['in', 'in']],
    ['C12 and C13: a delta that revokes is not looked at', faults.C13, ['in', 'in']],
    ['C14: a list of another point keeps everybody out', faults.C14, ['out', 'out']],
    ['C16: an empty list by mistake lets the revoked device in', faults.C16, ['in', 'in']],
    ['C17: a forged list keeps everybody out', faults.C17, ['out', 'out']],
    ['C18: an intermediate that is revoked lets its devices in', faults.C18, ['in', 'out']],
  ])('%s', async (_name, pem, expected) => {
    expect(await stage().publish(pem)).toBe('taken')
    expect(await stage().knocks()).toEqual(expected)
  })

  test('C1: who is connected stays, and is served, after it was revoked', async () => {
    await stage().publish(faults.C9)
    const socket = dial(stage(), revoked.shown)
    socket.write(connectPacket)
    expect(await firstOctets(socket, 4)).toEqual(connected)
    expect(await stage().publish(inForce)).toBe('taken')
    expect(await stage().knock(revoked.shown)).toBe('out')
    // PINGREQ and PINGRESP, sections 3.12 and 3.13.
    socket.write(Buffer.from([0xc0, 0]))
    expect(await firstOctets(socket, 2)).toEqual(Buffer.from([0xd0, 0]))
    socket.destroy()
  })

  test('C7: with an error page it does not start', async () => {
    expect(await startedWith(mosquitto, faults.C7.page)).toBe('does not start')
  })

  test('C19: an intermediate that has ended takes its devices with it', async () => {
    const knocks = [await stage().knock(good.shown), await stage().knock(ofEnded.shown)]
    expect(knocks).toEqual(['in', 'out'])
  })

  test('C31: a new root is trusted from the next reload on', async () => {
    expect(await withNextRoot(stage())).toEqual(['out', 'taken', 'in', 'in', 'out'])
  })

  test('C32: with an empty bundle it does not start', async () => {
    expect(await startedWith(mosquitto, inForce, '')).toBe('does not start')
  })

  test('C40: what one server was told another does not know', async () => {
    expect(await besideAnother(stage(), mosquitto)).toEqual(['out', 'in', 'in'])
  })
})
