import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../engine/bundle-worker.ts'
import { writeServerFiles } from './files.ts'
import type { GatewaySetup, RunningGateway, Site } from './gateway.ts'
import { stopProgram } from './program.ts'
import { publish, sallyportPolicy } from './sallyport.ts'

/** Our gateway on Node, which ends TLS itself, resumes sessions, and reads its lists from a folder. */
export const sallyportServeSetups: readonly GatewaySetup[] = [
  { gateway: 'sallyport-serve', variant: 'tickets, CRL_GRACE 7d', protocol: 'https', start },
]

async function start(site: Site): Promise<RunningGateway> {
  const { folder } = site
  const trust = join(folder, 'trust')
  mkdirSync(join(trust, 'crl'), { recursive: true })
  writeServerFiles(folder, { ...site.server, anchorsPem: site.anchorsPem })
  const put = (name: string, octets: string | Uint8Array): Promise<void> =>
    writeFile(join(trust, name), octets)
  await put('anchors.pem', site.anchorsPem)
  await put('intermediates.pem', site.intermediatesPem)
  for (const { name, der } of site.lists) await put(`crl/${name}`, der)
  const { child, port } = await launch(folder, trust)
  return {
    port,
    publish: (publication) => publish(publication, put, (name) => rm(join(trust, name))),
    stop: () => stopProgram({ child, said: () => '' }),
  }
}

async function launch(folder: string, trust: string) {
  const variables = Object.entries(sallyportPolicy()).map(([name, value]) => [
    `SALLYPORT_${name}`,
    value,
  ])
  const files = ['--cert', join(folder, 'server.pem'), '--key', join(folder, 'server.key')]
  const listen = ['--listen', '127.0.0.1:0', '--grace', '0', '--resumption', 'allowed']
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'edge', 'serve.ts'), '--trust', trust, ...listen, ...files],
    {
      env: { ...process.env, ...Object.fromEntries(variables) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const end = (): boolean => child.kill()
  process.once('exit', end)
  child.once('exit', () => process.removeListener('exit', end))
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    const [, port] = /^listening on \S+:(\d+)$/.exec(line) ?? []
    if (port !== undefined) {
      // What else it says has to go somewhere, or the pipe fills up.
      child.stderr.resume()
      return { child, port: Number(port) }
    }
    said.push(line)
  }
  throw new Error(`sallyport-serve did not start: ${said.join(' ')}`)
}
