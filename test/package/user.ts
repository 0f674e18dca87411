import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Somebody's own folder, outside the project, with the packed package in its `node_modules`. */
export interface User {
  readonly directory: string
  readonly tarball: Uint8Array<ArrayBuffer>
  /** Makes packages of the project's `node_modules` the user's own as well. */
  install(...names: readonly string[]): Promise<void>
  write(path: string, text: string): Promise<void>
  /** A copy of a file or folder of the project. */
  copy(from: string, to?: string): Promise<void>
  /** Runs a program of the user's with Node; never throws for its exit status. */
  node(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>
  remove(): Promise<void>
}

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export const projectRoot = join(import.meta.dirname, '..', '..')

/** Builds, packs and unpacks the project: no registry is asked for what a package registry would do. */
export async function createUser(): Promise<User> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-user-'))
  const tarball = await pack(directory)
  const modules = join(directory, 'node_modules')
  await mkdir(join(modules, 'sallyport'), { recursive: true })
  const unpacked = ['-xzf', tarball, '-C', join(modules, 'sallyport'), '--strip-components=1']
  mustSucceed(await run('tar', unpacked, directory))
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), text)
  }
  await write('package.json', '{ "name": "user", "private": true, "type": "module" }')
  return {
    directory,
    tarball: new Uint8Array(await readFile(tarball)),
    async install(...names) {
      for (const name of names) {
        await mkdir(dirname(join(modules, name)), { recursive: true })
        await symlink(join(projectRoot, 'node_modules', name), join(modules, name))
      }
    },
    write,
    copy: (from, to = from) =>
      cp(join(projectRoot, from), join(directory, to), { recursive: true }),
    node: (args, environment) => run(process.execPath, args, directory, environment),
    remove: () => rm(directory, { recursive: true }),
  }
}

/** What `npm pack` makes after `npm run build`, built in a folder of its own: tests run side by side. */
async function pack(destination: string): Promise<string> {
  const source = join(destination, 'package')
  for (const path of ['package.json', 'README.md', 'LICENSE', 'simulator/scenarios']) {
    await cp(join(projectRoot, path), join(source, path), { recursive: true })
  }
  const build = [join(projectRoot, 'build.ts'), join(source, 'dist')]
  mustSucceed(await run(process.execPath, build, projectRoot))
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]
  const { stdout } = mustSucceed(await run('npm', args, source))
  const file = /"filename":\s*"([^"]+)"/.exec(stdout)?.[1]
  if (file === undefined) throw new Error(`npm pack named no file: ${stdout}`)
  await rm(source, { recursive: true })
  return join(destination, file)
}

function mustSucceed(ended: Ended): Ended {
  if (ended.status === 0) return ended
  throw new Error(`exit status ${ended.status}:\n${ended.stdout}\n${ended.stderr}`)
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...environment }, maxBuffer: 16 * 1024 * 1024 }
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ status, stdout, stderr })
    })
  })
}
