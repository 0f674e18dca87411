import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { exportJWK, generateKeyPair } from 'jose'
import { Agent, fetch as undiciFetch } from 'undici'
import type { AskCa } from '#edge/enrollment/signers/ask-ca.ts'
import { instantFromMs } from '#shared/time.ts'
import { privateKeyPem } from '#simulator/ca/server-credential.ts'
import { createCa, createIntermediate } from '../est/devices.ts'
import { freePort } from '../proxies/terminators.ts'

/** A real step-ca on loopback, with one JWK provisioner named `edge`. */
export interface StepCa {
  readonly url: string
  /** PEM, the issuing CA first: what goes into ENROLLMENT. */
  readonly certificates: string
  /** The provisioner's private JWK: what goes into ENROLLMENT_KEYS. */
  readonly jwk: string
  /** Trusts its root. */
  readonly ask: AskCa
  close(): Promise<void>
}

/**
 * Builds a step-ca of the library that Debian packages (`golang-github-smallstep-certificates-dev`),
 * once for this machine: a minute of two processors the first time.
 *
 * @returns its path; throws an Error where the packages are missing
 */
export function buildStepCa(): string {
  const library = '/usr/share/gocode/src/github.com/smallstep/certificates'
  if (!existsSync(library)) throw new Error(missing)
  const folder = join(tmpdir(), 'sallyport-step-ca')
  const program = join(folder, 'step-ca')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const source = join(import.meta.dirname, 'step-ca-mini', 'main.go')
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOCACHE: join(folder, 'cache'),
    GOPATH: `${join(folder, 'gopath')}:/usr/share/gocode`,
  }
  // Under another name until it is whole.
  const built = spawnSync('go', ['build', '-o', `${program}.part`, source], {
    encoding: 'utf8',
    env,
  })
  if (built.error !== undefined) throw new Error(missing, { cause: built.error })
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`)
  const moved = spawnSync('mv', [`${program}.part`, program])
  if (moved.status !== 0) throw new Error('the step-ca was built, and could not be moved')
  return program
}

const missing =
  'a step-ca cannot be built: apt-get install golang-go golang-github-smallstep-certificates-dev'

export async function startStepCa(program: string): Promise<StepCa> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-step-'))
  const root = await createCa('Step Root', instantFromMs(Date.now()))
  const issuing = await createIntermediate(root, 'Step Issuing')
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const named = { kid: 'edge-key', use: 'sig', alg: 'ES256' }
  const port = await freePort()
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const settings = {
    root: file('root.pem', root.pem),
    crt: file('issuing.pem', issuing.pem),
    key: file('issuing.key', privateKeyPem(issuing.keys.privateKey)),
    address: `127.0.0.1:${port}`,
    dnsNames: ['localhost', '127.0.0.1'],
    logger: { format: 'text' },
    db: { type: 'badgerv2', dataSource: join(folder, 'db') },
    authority: {
      provisioners: [
        {
          type: 'JWK',
          name: 'edge',
          key: { ...(await exportJWK(publicKey)), ...named },
          // 100 days: the registry's 90, and the minute that it dates back.
          claims: {
            minTLSCertDuration: '1s',
            maxTLSCertDuration: '2400h',
            defaultTLSCertDuration: '24h',
            allowRenewalAfterExpiry: true,
          },
        },
      ],
    },
  }
  const child = spawn(program, [file('ca.json', JSON.stringify(settings))], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, STEPPATH: folder },
  })
  const url = `https://localhost:${port}`
  await untilHealthy(child, url, root.pem)
  const dispatcher = new Agent({ connect: { ca: root.pem } })
  return {
    url,
    certificates: issuing.pem + root.pem,
    jwk: JSON.stringify({ ...(await exportJWK(privateKey)), ...named }),
    ask: async (request) => asked(request, dispatcher),
    async close() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
      await dispatcher.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function asked(request: Request, dispatcher: Agent): Promise<Response> {
  const { url, method } = request
  const headers = Object.fromEntries(request.headers)
  const body = await request.text()
  const answer = await undiciFetch(url, { method, headers, body, dispatcher, redirect: 'manual' })
  return new Response(await answer.text(), { status: answer.status })
}

async function untilHealthy(child: ChildProcess, url: string, ca: string): Promise<void> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  // A hundred attempts are some ten seconds; it makes its database in one.
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    if (await isHealthy(url, ca)) return
    await wait(100)
  }
  child.kill()
  throw new Error(`the step-ca did not start: ${said}`)
}

function isHealthy(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = httpsRequest(`${url}/health`, { ca, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    // Refused: it does not listen yet, which is what was asked.
    request.on('error', () => resolve(false))
    request.end()
  })
}
