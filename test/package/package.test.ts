import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { platformNames } from '#edge/platforms/by-name.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { snippetsIn } from './snippets.ts'
import { createUser, projectRoot, type User } from './user.ts'

// Compilers and whole commands run here; a loaded machine takes its time for them.
vi.setConfig({ testTimeout: 300_000 })

let user: User

/** What npm installs with the library, and the types of the runtimes that people write for. */
const installed = [...Object.keys(packageJson.dependencies), 'hono']
const types = ['@types/node', 'undici-types', '@cloudflare/workers-types']

beforeAll(async () => {
  user = await createUser()
  await user.install(...installed, ...types)
}, 300_000)

afterAll(() => user.remove())

const entries = Object.keys(packageJson.exports)
  .filter((name) => name !== './package.json')
  .map((name) => `sallyport${name.slice(1)}`)

/** Those that know a Worker's globals. */
const ofWorkers = entries.filter((name) => /\/(worker|r2)$/.test(name))

const packed = () => createPackageFromTarballData(user.tarball).listFiles()

describe('the tarball', () => {
  test('holds what is built, scenarios, and nothing else', () => {
    const files = packed().map((path) => path.replace('/node_modules/sallyport/', ''))
    const folders = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))
    expect([...folders].toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist/edge',
      'dist/shared',
      'dist/simulator',
      'package.json',
      'simulator/scenarios',
    ])
    expect(files.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([])
  })

  test('no name of the checkout is left in it', () => {
    const names = /(?:from|import)\s*\(?\s*['"](?:#|[^'"]+\.ts['"])/
    const archive = createPackageFromTarballData(user.tarball)
    const code = packed().filter((path) => /\/dist\/.*\.(js|d\.ts)$/.test(path))
    expect(code.length).toBeGreaterThan(300)
    expect(code.filter((path) => names.test(archive.readFile(path)))).toEqual([])
  })

  test('publint finds nothing', async () => {
    const { messages } = await publint({ pack: { tarball: user.tarball.buffer }, strict: true })
    expect(messages).toEqual([])
  })

  test('types resolve wherever modules do', async () => {
    const result = await checkPackage(createPackageFromTarballData(user.tarball))
    if (result.types === false) throw new Error('the package has no types')
    const { problems } = result
    // The package is ES modules alone; Node 24 can require them, and TypeScript's oldest resolution no subpath.
    const others = problems.filter(
      ({ kind }) => kind !== 'CJSResolvesToESM' && kind !== 'NoResolution',
    )
    expect(others).toEqual([])
    const unresolved = problems.flatMap((each) =>
      each.kind === 'NoResolution' && each.resolutionKind !== 'node10' ? [each] : [],
    )
    expect(unresolved).toEqual([])
  })
})

describe('each entry', () => {
  test('there is one for each platform', () => {
    const platforms = entries.flatMap((name) => name.split('/platforms/')[1] ?? [])
    expect(platforms).toEqual(expect.arrayContaining([...platformNames]))
  })

  test('is imported by Node, with the library alone installed', async () => {
    const imports = entries
      .filter((name) => name !== 'sallyport/worker')
      .map((name) => `console.log('${name}', Object.keys(await import('${name}')).length)`)
    await user.write('import-all.js', imports.join('\n'))
    const { status, stdout, stderr } = await user.node(['import-all.js'])
    expect([status, stderr]).toEqual([0, ''])
    const empty = stdout.split('\n').filter((line) => line.endsWith(' 0'))
    expect([empty, stdout.trim().split('\n').length]).toEqual([[], imports.length])
  })

  test.each([
    { runtime: 'Node', names: entries.filter((name) => !ofWorkers.includes(name)), types: 'node' },
    { runtime: 'Workers', names: ofWorkers, types: '@cloudflare/workers-types' },
  ])('has types that hold by themselves: $runtime', async ({ runtime, names, types: globals }) => {
    await user.write(`${runtime}.ts`, importAll(names))
    expect(await compiled(`${runtime}.ts`, globals)).toBe('')
  })
})

const importAll = (names: readonly string[]): string =>
  names.map((name, nth) => `import * as entry${nth} from '${name}'\nvoid entry${nth}`).join('\n')

/** What the compiler says of a user's program, declarations of the package included. */
async function compiled(file: string, globals: string): Promise<string> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript')), 'tsc.js')
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--skipLibCheck',
    'false',
  ]
  const settings = ['--target', 'es2024', '--lib', 'es2024', '--module', 'nodenext']
  const { stdout } = await user.node([compiler, ...options, ...settings, '--types', globals, file])
  return stdout
}

const [ownApp = '', worker = '', core = '', ...more] = snippetsIn(
  readFileSync(join(projectRoot, 'README.md'), 'utf8'),
  'ts',
)

describe("README's snippets, in a folder of somebody's own", () => {
  test('there are no others', () => {
    expect([ownApp, worker, core].every((text) => text.includes('sallyport'))).toBe(true)
    expect(more).toEqual([])
  })

  test.each([
    { name: 'own-app', text: ownApp },
    { name: 'core', text: core },
  ])('$name compiles and runs', async ({ name, text }) => {
    await user.write(`${name}.ts`, text)
    expect(await compiled(`${name}.ts`, 'node')).toBe('')
    const SESSION_KEYS = `a:${btoa('k'.repeat(32))}`
    expect(await user.node([`${name}.ts`], { SESSION_KEYS })).toMatchObject({ status: 0 })
  })

  test('an app that is wrong does not compile', async () => {
    await user.write('wrong.ts', ownApp.replace("get('device')", "get('nothing')"))
    expect(await compiled('wrong.ts', 'node')).toContain('wrong.ts(')
  })

  test('the Worker is bundled, and brings nothing of Node and of the simulator', async () => {
    await user.write('worker.js', worker)
    const { metafile } = await build({
      absWorkingDir: user.directory,
      entryPoints: ['worker.js'],
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*'],
      write: false,
      metafile: true,
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.some((path) => path.endsWith('dist/edge/worker.js'))).toBe(true)
    const foreign = inputs.filter((path) => /\/simulator\/|^node:/.test(path))
    expect(foreign).toEqual([])
  })
})

describe('the commands', () => {
  const command = 'node_modules/sallyport/dist/simulator/sallyport.js'
  const scenario = 'node_modules/sallyport/simulator/scenarios/quickstart.yaml'

  test('are marked as programs', () => {
    const archive = createPackageFromTarballData(user.tarball)
    for (const path of Object.values(packageJson.bin)) {
      const text = archive.readFile(`/node_modules/sallyport/${path.replace('./', '')}`)
      expect(text.split('\n')[0]).toBe('#!/usr/bin/env node')
    }
  })

  test('sallyport-serve tells how it is used', async () => {
    const { status, stdout } = await user.node([
      'node_modules/sallyport/dist/edge/serve.js',
      '--help',
    ])
    expect([status, stdout]).toEqual([0, expect.stringContaining('--trust')])
  })

  test('sallyport does what needs no simulator', async () => {
    const { status, stdout } = await user.node([command, '--version'])
    expect([status, stdout]).toEqual([0, `${packageJson.version}\n`])
    await user.write('headers.json', '{ "client-cert": "nothing" }')
    const asked = ['inspect', '--platform', 'rfc9440', '--headers', 'headers.json', '--json']
    expect((await user.node([command, ...asked])).stdout).toContain('malformed')
  })

  test('sallyport run says which packages it needs, and runs with them', async () => {
    const asked = [command, 'run', scenario, '--devices', '20', '--days', '20', '--mode', 'verify']
    const without = await user.node(asked)
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining('npm install')])
    const optional = Object.keys(packageJson.peerDependenciesMeta)
    for (const name of optional) expect(without.stderr).toContain(` ${name}@`)
    await user.install(...optional)
    const withThem = await user.node(asked)
    expect([withThem.stdout, withThem.status]).toEqual([expect.stringContaining('PASS'), 0])
  })
})
