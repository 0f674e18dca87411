import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'

export const root = join(import.meta.dirname, '..', '..')

export interface Bundle {
  readonly text: string
  /** Every file that is in it, by its path from the root of the project. */
  readonly inputs: readonly string[]
}

/** One file of everything that an entry imports, as wrangler bundles it. */
export async function bundle(entry: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild made no bundle of ${entry}`)
  return { text: file.text, inputs: inputsOf(metafile) }
}

function inputsOf({ outputs }: Metafile): readonly string[] {
  // What was read, and shaken out again, is in `metafile.inputs`, but not in the output.
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
}
