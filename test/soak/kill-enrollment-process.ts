import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openNodeRegistry } from '#edge/node/registry.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { pick, stream } from '#simulator/random.ts'
import { attemptOf, sign } from '../edge/enrollment/registry/ca.ts'
import { certificateOf } from '../shared/pki.ts'
import { killedShards, type Task } from './kill-enrollment-world.ts'

/*
 * An enrolment server without its TLS: asks the registry, signs, writes down, hands out, several
 * requests at a time and some of them twice, until it is killed. The CA keeps a book of its own, and
 * so does whoever gets the certificates.
 */
const [directory = '', seed = '0'] = process.argv.slice(2)
const tasks = JSON.parse(readFileSync(join(directory, 'tasks.json'), 'utf8')) as readonly Task[]
const random = stream(Number(seed), 'enrol')
const registry = openNodeRegistry({
  directory: join(directory, 'registry'),
  shards: killedShards,
  clock: runtimeClock,
  random: runtimeRandom,
  verifier: createWebCryptoVerifier(),
})

async function enrol({ device, key, request, claim }: Task): Promise<void> {
  const claimant = { kind: 'claim', secretSha256: claim } as const
  const admitted = await registry.admit(await attemptOf(device, key, claimant, { request }))
  if (!admitted.ok) {
    appendFileSync(join(directory, 'refused.log'), `${request} ${admitted.error.code}\n`)
    return
  }
  if (admitted.value.kind === 'pending') return
  if (admitted.value.kind === 'issued') {
    handOut(request, albSerial(certificateOf({ der: admitted.value.certificate }).serial))
    return
  }
  const certificate = await sign(admitted.value, key)
  appendFileSync(join(directory, 'signed.log'), `${device} ${admitted.value.serial}\n`)
  const handed = await registry.issued(admitted.value.enrolment, certificate)
  handOut(request, albSerial(certificateOf({ der: handed }).serial))
}

const handOut = (request: string, serial: string): void =>
  appendFileSync(join(directory, 'handed-out.log'), `${request} ${serial}\n`)

for (let round = 0; ; round += 1) {
  const task = pick(random, tasks)
  // A duplicate at the same time, and two others across it.
  await Promise.all([task, task, pick(random, tasks), pick(random, tasks)].map(enrol))
  // By now every database is open: a kill finds it at work.
  if (round === 0) console.log('working')
}
