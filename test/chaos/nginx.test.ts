import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { besideAnother, describeServer, withNextRoot } from './describe-server.ts'
import { faults, good, inForce, ofEnded } from './publisher.ts'
import {
  httpHello,
  httpWelcome,
  startedWith,
  until,
  type CrlServer,
  type RunningServer,
} from './servers.ts'

/*
 * nginx with `ssl_crl` under the faults of trust-stores.test.ts: what is expected here is what it does,
 * for the table of docs/revocation.md, and not what it should.
 */

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const nginx: CrlServer = {
  program: 'nginx',
  args: (file, folder) => ['-c', file, '-p', folder, '-e', join(folder, 'error.log')],
  config: ({ folder, port }) => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log notice; events {}
${process.getuid?.() === 0 ? 'user root;' : ''}
http {
  access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
    ssl_client_certificate ${folder}/anchors.pem; ssl_verify_client on; ssl_verify_depth 5;
    ssl_crl ${folder}/crls.pem;
    location / { return 200; }
  }
}`,
  hello: httpHello,
  welcome: httpWelcome,
  async reload(running) {
    const before = logOf(running).length
    running.child.kill('SIGHUP')
    const since = (): string => logOf(running).slice(before)
    // Either it says what is wrong, or the worker of before has ended and another is in its place.
    await until(running, () => /\[emerg\]|worker process \d+ exited/.test(since()))
    return since().includes('[emerg]') ? 'refused' : 'taken'
  },
}

const logOf = ({ folder }: RunningServer): string => readFileSync(join(folder, 'error.log'), 'utf8')

describeServer(nginx, (stage) => {
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

  test.each<[string, string | undefined]>([
    ['C7: an error page: the reload is refused, and what it had stays', faults.C7.page],
    ['C7: cut off: the reload is refused, and what it had stays', faults.C7.cut],
    ['C8: a file that is missing: the reload is refused, and what it had stays', undefined],
  ])('%s', async (_name, pem) => {
    expect(await stage().publish(pem)).toBe('refused')
    expect(await stage().knocks()).toEqual(['in', 'out'])
  })

  test('C7: with an error page it does not start', async () => {
    expect(await startedWith(nginx, faults.C7.page)).toBe('does not start')
  })

  test('C19: an intermediate that has ended takes its devices with it', async () => {
    const knocks = [await stage().knock(good.shown), await stage().knock(ofEnded.shown)]
    expect(knocks).toEqual(['in', 'out'])
  })

  test('C31: a new root is trusted from the next reload on', async () => {
    expect(await withNextRoot(stage())).toEqual(['out', 'taken', 'in', 'in', 'out'])
  })

  test('C32: with an empty bundle it does not start', async () => {
    expect(await startedWith(nginx, inForce, '')).toBe('does not start')
  })

  test('C40: what one server was told another does not know', async () => {
    expect(await besideAnother(stage(), nginx)).toEqual(['out', 'in', 'in'])
  })
})
