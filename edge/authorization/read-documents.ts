import type { PolicyFault } from '#shared/authorization/read-document.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { parseJson } from '../json.ts'

/** A variable of a Worker holds 5 kB; other runtimes' are longer, and nobody reads more than this. */
const textLengthMax = 64 * 1024

/** Every request asks all policies; of settings nobody writes more. */
const documentsMax = 64

/**
 * Reads Istio's documents of one kind from a variable: one of them as Istio writes it, or a list, in JSON.
 *
 * @param file named in faults
 * @param readOne reads one of them; its faults name the file that it is told
 * @returns what was read, or every fault: none of it is in force then
 */
export function readDocuments<Read>(
  text: string,
  file: string,
  readOne: (document: unknown, file: string) => Result<Read, readonly PolicyFault[]>,
): Result<readonly Read[], readonly PolicyFault[]> {
  const documents = documentsOf(text)
  if (documents === undefined) {
    const expected = `JSON of 1 to ${documentsMax} documents, in at most ${textLengthMax} characters`
    return err([{ file, key: '', expected }])
  }
  const all: Read[] = []
  const faults: PolicyFault[] = []
  for (const [index, document] of documents.entries()) {
    const read = readOne(document, `${file}[${index}]`)
    if (read.ok) all.push(read.value)
    else faults.push(...read.error)
  }
  return faults.length > 0 ? err(faults) : ok(all)
}

function documentsOf(text: string): readonly unknown[] | undefined {
  const value = text.length > textLengthMax ? undefined : parseJson(text)
  if (value === undefined) return undefined
  const documents: readonly unknown[] = Array.isArray(value) ? value : [value]
  return documents.length > 0 && documents.length <= documentsMax ? documents : undefined
}
