import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'

/** Third-party cases lie beside the project, never in it: their licences and sizes are their own. */
const folder = fileURLToPath(new URL('../../../shared/suites/', import.meta.url))

/** Where a file of the suites lies, or undefined where it is missing. */
export function suiteFile(name: string): string | undefined {
  const file = `${folder}${name}`
  return existsSync(file) ? file : undefined
}

/** The lines of one suite, each one JSON object. */
export async function* linesOfSuite(file: string): AsyncGenerator<string> {
  yield* createInterface({
    input: createReadStream(file).pipe(createGunzip()),
    crlfDelay: Infinity,
  })
}

/** The cases of one suite, of the shape its README gives. */
export async function* casesOf<Case>(file: string): AsyncGenerator<Case> {
  for await (const line of linesOfSuite(file)) yield JSON.parse(line) as Case
}
