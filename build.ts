import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'
import packageJson from './package.json' with { type: 'json' }

/**
 * Builds what is published into `dist/`: each source file that an entry or command of `package.json`
 * reaches, as JavaScript, and for the library with its types beside it. File by file, so that a type
 * which two entries share is one type. Exit status 1 where something does not compile.
 */

const root = import.meta.dirname

/** Somewhere else where a folder is named: `node build.ts DIR`. */
const dist = resolve(process.argv[2] ?? join(root, 'dist'))

/** Folders whose files are published; people import types of the first two. */
const published = ['shared', 'edge', 'simulator'] as const
const typed: readonly string[] = ['shared', 'edge']

/** Each knows the globals of one runtime: none, a Worker's, Node's. */
const projects = ['shared/tsconfig.json', 'edge/tsconfig.json', 'tsconfig.json'] as const

/** What no entry imports by name: the command's own module, and the worker that local runs bundle. */
const loaded = [
  'simulator/main.ts',
  'simulator/worker/local.ts',
  'simulator/engine/doors/door-process.ts',
  'simulator/engine/virtual/shard-worker.ts',
  'simulator/engine/virtual/soak/soak-worker.ts',
]

/** JavaScript already. */
const scripts = [
  'simulator/sallyport.js',
  'simulator/report/page/draw-plots.js',
  'simulator/dashboard/page/dashboard.js',
]
const styles = ['simulator/report/page/report.css', 'simulator/dashboard/page/dashboard.css']

for (const folder of published) await rm(join(dist, folder), { recursive: true, force: true })
const remaining = new Set(sources().map((path) => join(root, path)))
for (const project of projects) await compile(project)
if (remaining.size > 0) throw new Error(`in no project: ${[...remaining].join(', ')}`)
for (const path of scripts) {
  await write(path, withBuiltNames(await readFile(join(root, path), 'utf8'), join(root, path)))
}
for (const path of styles) await cp(join(root, path), join(dist, path))

/** What is compiled, from the paths of what `package.json` says is built. */
function sources(): readonly string[] {
  const entries = Object.values(packageJson.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.default],
  )
  const built = [...entries, ...Object.values(packageJson.bin)].map((path) =>
    relative('dist', path).replaceAll(sep, '/'),
  )
  const compiled = built.filter((path) => !scripts.includes(path))
  return [...compiled.map((path) => path.replace(/\.js$/, '.ts')), ...loaded]
}

/** Compiles the sources that belong to a project, with everything they import. */
async function compile(project: string): Promise<void> {
  const config = readProject(join(root, project))
  const mine = [...remaining].filter((path) => config.fileNames.includes(path))
  for (const path of mine) remaining.delete(path)
  const program = ts.createProgram(mine, {
    ...config.options,
    noEmit: false,
    declaration: true,
    rootDir: root,
    outDir: dist,
  })
  const outputs: (readonly [path: string, text: string])[] = []
  const { diagnostics } = program.emit(undefined, (path, text, _mark, _error, [source] = []) => {
    // `package.json` is imported by its published name and has its place.
    if (source === undefined || path.endsWith('.json')) return
    outputs.push([path, withBuiltNames(text, source.fileName)])
  })
  // Not the options' own: TypeScript would rather emit no names that end in `.ts`, and none are left.
  stopAt([
    ...program.getSyntacticDiagnostics(),
    ...program.getSemanticDiagnostics(),
    ...diagnostics,
  ])
  for (const [path, text] of outputs) await write(relative(dist, path), text)
}

function readProject(path: string): ts.ParsedCommandLine {
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (fault: ts.Diagnostic) => stopAt([fault]),
  }
  const config = ts.getParsedCommandLineOfConfigFile(path, {}, host)
  if (config === undefined) throw new Error(`${path} cannot be read`)
  return config
}

function stopAt(faults: readonly ts.Diagnostic[]): void {
  if (faults.length === 0) return
  console.error(
    ts.formatDiagnostics(faults, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    }),
  )
  process.exit(1)
}

/**
 * The text of a module with the names that it has when built: `#shared/bytes.ts` and `./bytes.ts` are
 * `../shared/bytes.js` and `./bytes.js` there. TypeScript leaves names of `imports` as they are.
 */
function withBuiltNames(text: string, source: string): string {
  const { importedFiles } = ts.preProcessFile(text, true, true)
  let built = ''
  let end = 0
  for (const { fileName, pos } of importedFiles.toSorted((a, b) => a.pos - b.pos)) {
    // The name stands between quotes.
    const begin = pos + 1
    if (text.slice(begin, begin + fileName.length) !== fileName)
      throw new Error(`${source}: ${fileName}`)
    built += text.slice(end, begin) + builtName(fileName, source)
    end = begin + fileName.length
  }
  return built + text.slice(end)
}

function builtName(name: string, source: string): string {
  if (!/^[#.]/.test(name)) return name
  const path = name.startsWith('#') ? join(root, name.slice(1)) : resolve(dirname(source), name)
  const to = relative(dirname(source), path).replaceAll(sep, '/').replace(/\.ts$/, '.js')
  return to.startsWith('.') ? to : `./${to}`
}

/** @param path below the project's root and below `dist/` alike */
async function write(path: string, text: string): Promise<void> {
  const [folder = ''] = path.split(sep)
  if (!published.some((each) => each === folder)) throw new Error(`${path} is not to be published`)
  if (path.endsWith('.d.ts') && !typed.includes(folder)) return
  await mkdir(dirname(join(dist, path)), { recursive: true })
  await writeFile(join(dist, path), text)
}
