import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { S3Service } from '../../runtime/elbv2-stage.ts'

export interface RunningS3 extends S3Service {
  stop(): Promise<void>
}

/** Debian's own, whose packages it has, whatever other one comes first. */
const python = '/usr/bin/python3'

/** Whether this machine has OpenStack Swift: Debian's python3-swift. */
export const hasSwift = spawnSync(python, ['-c', 'import swift']).status === 0

const program = fileURLToPath(new URL('serve-swift.py', import.meta.url))

/**
 * Starts OpenStack Swift with its S3 API: it checks signatures (SigV4, its region and its clock), keeps
 * versions of objects, and knows nothing of us.
 */
export async function startSwift(): Promise<RunningS3> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-swift-'))
  const secretAccessKey = 's'.repeat(40)
  const child = spawn(python, [program, directory], {
    env: { ...process.env, SWIFT_SECRET: secretAccessKey },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  let told = ''
  // A line may come in pieces.
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    told += String(chunk)
    const [, endpoint] = /listening on (\S+)\n/.exec(told) ?? []
    if (endpoint === undefined) continue
    return {
      endpoint,
      region: 'us-east-1',
      accessKeyId: 'fleet:operator',
      secretAccessKey,
      async stop() {
        const exit = once(child, 'exit')
        child.stdin.end()
        await exit
        rmSync(directory, { recursive: true })
      },
    }
  }
  throw new Error(`Swift did not start: ${said}`)
}
