import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

/** The project's root: what entries are named from. */
export const projectRoot = join(import.meta.dirname, '..', '..')

export interface WorkerBundle {
  readonly text: string
  /** Every file that is in it, by its path from the root of the project. */
  readonly inputs: readonly string[]
}

/** One file of everything that a worker's entry imports, as wrangler bundles it. */
export async function bundleWorker(
  entry: string,
  plugins: readonly Plugin[] = [],
): Promise<WorkerBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [...plugins],
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild made no bundle of ${entry}`)
  return { text: file.text, inputs: inputsOf(metafile) }
}

function inputsOf({ outputs }: Metafile): readonly string[] {
  // What was read, and shaken out again, is in `metafile.inputs`, but not in the output.
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
}
