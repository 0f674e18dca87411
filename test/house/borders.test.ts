import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

/** A file that breaks one rule, and what the rule has to say of it. */
interface Bad {
  readonly path: string
  readonly code: string
  readonly rule: string
  /** A part of the message that tells what to write instead. */
  readonly advice: string
}

const imports = 'eslint(no-restricted-imports)'
const properties = 'eslint(no-restricted-properties)'
const globals = 'eslint(no-restricted-globals)'

/** Each with a path of its own, so that one run of the linter serves all. */
const bad: readonly Bad[] = [
  ...['node:fs', 'hono', '#edge/app.ts', '#simulator/random.ts'].map((source, index) => ({
    path: `shared/path/outside-${index}.ts`,
    code: `export { a } from '${source}'`,
    rule: imports,
    advice: 'shared/ imports nothing outside itself',
  })),
  {
    path: 'shared/path/cross.ts',
    code: `export { a } from '../../edge/app.ts'`,
    rule: imports,
    advice: 'A top-level folder is crossed by its name',
  },
  {
    path: 'edge/platforms/cross.ts',
    code: `import { a } from '../../shared/bytes.ts'\nexport const b = a`,
    rule: imports,
    advice: `write '#shared/…'`,
  },
  {
    path: 'test/edge/cross.test.ts',
    code: `import { a } from '../../edge/app.ts'\nexport const b = a`,
    rule: imports,
    advice: `write '#shared/…', '#edge/…'`,
  },
  {
    path: 'edge/middleware/simulated.ts',
    code: `import { a } from '#simulator/random.ts'\nexport const b = a`,
    rule: imports,
    advice: 'edge/ never knows the simulator',
  },
  {
    path: 'edge/middleware/node.ts',
    code: `import { readFileSync } from 'node:fs'\nexport const b = readFileSync`,
    rule: imports,
    advice: 'edge/ runs where Node is not',
  },
  {
    path: 'simulator/engine/edge.ts',
    code: `import { a } from '#edge/app.ts'\nexport const b = a`,
    rule: imports,
    advice: 'The simulator meets the edge over the wire',
  },
  {
    path: 'simulator/commands/trust-store/plane.ts',
    code: `import { a } from '#edge/control/app.ts'\nexport const b = a`,
    rule: imports,
    advice: 'asks a control plane over its API',
  },
  {
    path: 'simulator/worker/middleware.ts',
    code: `import { a } from '#edge/middleware/session.ts'\nexport const b = a`,
    rule: imports,
    advice: 'imports its entries alone',
  },
  ...['#shared/verify.ts', '#shared/trust-store/trust-store.ts', '#edge/app.ts'].map(
    (source, index) => ({
      path: `simulator/oracle/core-${index}.ts`,
      code: `import type { A } from '${source}'\nexport type B = A`,
      rule: imports,
      advice: 'The oracle shares no code with what it judges',
    }),
  ),
  ...['node:fs', '@peculiar/x509'].map((source, index) => ({
    path: `simulator/oracle/package-${index}.ts`,
    code: `import { a } from '${source}'\nexport const b = a`,
    rule: imports,
    advice: 'The oracle is pure',
  })),
  ...['../device/step.ts', '#simulator/engine/engine.ts', '../random.ts'].map((source, index) => ({
    path: `simulator/oracle/world-${index}.ts`,
    code: `import { a } from '${source}'\nexport const b = a`,
    rule: imports,
    advice: 'the oracle knows the ledger, the scenario',
  })),
  {
    path: 'simulator/oracle/value.ts',
    code: `import { Ledger } from '../ca/ledger.ts'\nexport const a = new Ledger()`,
    rule: imports,
    advice: `write 'import type'`,
  },
  {
    path: 'test/shared/node.test.ts',
    code: `import { readFileSync } from 'node:fs'\nexport const b = readFileSync`,
    rule: imports,
    advice: 'test/interop/',
  },
  ...['shared', 'simulator/device', 'simulator/oracle', 'simulator/scenario'].flatMap((folder) => [
    {
      path: `${folder}/clock.ts`,
      code: 'export const a = Date.now()',
      rule: properties,
      advice: 'Time is an argument',
    },
    {
      path: `${folder}/stopwatch.ts`,
      code: 'export const a = performance.now()',
      rule: properties,
      advice: 'Time is an argument',
    },
    {
      path: `${folder}/dice.ts`,
      code: 'export const a = Math.random()',
      rule: properties,
      advice: 'Chance is an argument',
    },
    {
      path: `${folder}/sleep.ts`,
      code: 'setTimeout(() => undefined, 1)',
      rule: globals,
      advice: 'let the engine wait',
    },
  ]),
  {
    path: 'simulator/random.ts',
    code: 'export const a = Math.random()',
    rule: properties,
    advice: 'Chance is an argument',
  },
  {
    path: 'simulator/scenario/key.ts',
    code: 'export const a = crypto.randomUUID()',
    rule: properties,
    advice: 'Chance is an argument',
  },
  {
    path: 'edge/any.ts',
    code: 'export const a = (b: any) => String(b)',
    rule: 'typescript(no-explicit-any)',
    advice: 'any',
  },
  {
    path: 'edge/non-null.ts',
    code: 'export const a = (b: string | undefined) => b!.length',
    rule: 'typescript(no-non-null-assertion)',
    advice: 'non-null',
  },
  {
    path: 'edge/exhaustive.ts',
    code: `export function a(b: 'x' | 'y'): number {\n  switch (b) {\n    case 'x':\n      return 1\n  }\n  return 0\n}`,
    rule: 'typescript(switch-exhaustiveness-check)',
    advice: 'not exhaustive',
  },
  {
    path: 'edge/floating.ts',
    code: 'export function a(b: Promise<void>): void {\n  b\n}',
    rule: 'typescript(no-floating-promises)',
    advice: 'awaited',
  },
  {
    path: 'edge/cycle-a.ts',
    code: `import { b } from './cycle-b.ts'\nexport const a = () => b`,
    rule: 'import(no-cycle)',
    advice: 'cycle',
  },
  {
    path: 'edge/long.ts',
    code: Array.from({ length: 401 }, (_, line) => `export const a${line} = ${line}`).join('\n'),
    rule: 'eslint(max-lines)',
    advice: '400',
  },
  {
    path: 'edge/long-function.ts',
    code: `export function a(b: string[]): void {\n${'  b.push(String(b.length))\n'.repeat(80)}}`,
    rule: 'eslint(max-lines-per-function)',
    advice: '80',
  },
]

/** What the borders allow: the linter must find nothing here, or it would get in the way. */
const good: Readonly<Record<string, string>> = {
  'shared/bytes.ts': `import { b } from './path/leaf.ts'\nexport const a = b`,
  'shared/path/leaf.ts': `import type { Clock } from '#shared/time.ts'\nexport const b = (clock: Clock) => clock.now()`,
  'shared/time.ts':
    'export interface Clock {\n  now(): number\n}\nexport const iso = (at: number) => new Date(at).toISOString()',
  'edge/app.ts': `import { Hono } from 'hono'\nimport { a } from '#shared/bytes.ts'\nexport const app = [Hono, a]`,
  'edge/node.ts': `import { createServer } from 'node:http'\nexport const a = createServer`,
  'edge/cycle-b.ts': `import { a } from './cycle-a.ts'\nexport const b = () => a`,
  'simulator/worker/local.ts': `import { app } from '#edge/app.ts'\nexport default app`,
  'simulator/engine/engine.ts': `import { a } from '#shared/bytes.ts'\nimport { b } from '../oracle/oracle.ts'\nexport const c = [a, b, performance.now()]`,
  'simulator/commands/trust-store/serve.ts': `import { a } from '#edge/node/control.ts'\nimport { b } from '#edge/control/tokens.ts'\nexport const c = [a, b]`,
  'simulator/oracle/oracle.ts': `import { iso } from '#shared/time.ts'\nimport type { Ledger } from '../ca/ledger.ts'\nimport type { Scenario } from '#simulator/scenario/scenario.ts'\nimport { same } from './same.ts'\nexport const b = (ledger: Ledger, scenario: Scenario) => [iso, same, ledger, scenario]`,
  'simulator/oracle/same.ts': `export const same = 1`,
  'simulator/ca/ledger.ts': 'export class Ledger {\n  readonly size: number = 0\n}',
  'simulator/scenario/scenario.ts': 'export interface Scenario {\n  readonly seed: number\n}',
  'test/shared/bytes.test.ts': `import { a } from '#shared/bytes.ts'\nimport { expect, test } from 'vitest'\ntest('a', () => expect(a).toBeDefined())`,
  'test/interop/openssl.test.ts': `import { execFileSync } from 'node:child_process'\nexport const a = execFileSync`,
}

/** Good files that complete a bad example, and share its fault. */
const accomplices = new Set(['edge/cycle-b.ts'])

const reportSchema = z.object({
  number_of_files: z.number(),
  diagnostics: z.array(
    z.object({
      message: z.string(),
      code: z.string(),
      filename: z.string(),
      help: z.string().optional(),
    }),
  ),
})

type Report = z.infer<typeof reportSchema>

const root = join(import.meta.dirname, '..', '..')

async function writeTree(dir: string): Promise<void> {
  const files = [
    ...bad.map(({ path, code }) => [path, code] as const),
    ...Object.entries(good),
    [
      'package.json',
      '{ "imports": { "#shared/*": "./shared/*", "#edge/*": "./edge/*" } }',
    ] as const,
    [
      'tsconfig.json',
      '{ "compilerOptions": { "strict": true, "module": "esnext", "moduleResolution": "bundler", "target": "es2024", "noEmit": true, "allowImportingTsExtensions": true } }',
    ] as const,
  ]
  for (const [path, code] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), `${code}\n`)
  }
  await copyFile(join(root, '.oxlintrc.json'), join(dir, '.oxlintrc.json'))
}

/** The linter ends with 1 when it finds something; that is no failure of the run. */
async function lint(dir: string): Promise<Report> {
  const program = join(
    dirname(createRequire(import.meta.url).resolve('oxlint/package.json')),
    'bin/oxlint',
  )
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [program, '--type-aware', '--format', 'json'],
      {
        cwd: dir,
        maxBuffer: 16_777_216,
        env: {
          ...process.env,
          PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        },
      },
      (error, out, stderr) => {
        if (out.startsWith('{')) resolve(out)
        else reject(new Error(`oxlint said: ${out}${stderr}`, { cause: error }))
      },
    )
  })
  return reportSchema.parse(JSON.parse(stdout))
}

describe('the borders of the house, proven by crossing them', () => {
  let dir = ''
  let report: Report = { number_of_files: 0, diagnostics: [] }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-borders-'))
    await writeTree(dir)
    report = await lint(dir)
  }, 60_000)

  afterAll(() => rm(dir, { recursive: true, force: true }))

  const found = (path: string) => report.diagnostics.filter(({ filename }) => filename === path)

  test('the linter looked at every file', () => {
    expect(report.number_of_files).toBe(bad.length + Object.keys(good).length)
  })

  test.each(bad)('$path breaks $rule', ({ path, rule, advice }) => {
    const told = found(path).filter(({ code }) => code === rule)
    expect(told.map(({ message, help }) => `${message} ${help ?? ''}`).join('\n')).toContain(advice)
  })

  test.each(Object.keys(good).filter((path) => !accomplices.has(path)))('%s is let be', (path) => {
    expect(found(path)).toEqual([])
  })
})
