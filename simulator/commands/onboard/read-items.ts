import { createReadStream, type Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { linesOf } from '../batch-lines.ts'
import { messageOf } from '../options.ts'
import { itemsOfCertificates } from './chains.ts'
import { pemBlocks, type PemBlock, type PemFault } from './pem-blocks.ts'
import { readLine } from './read-line.ts'
import { looksLikeRequest } from './kinds.ts'
import type { Item, Unreadable } from './item.ts'

/** A file in memory at once: a bundle of thousands. What is larger goes as JSONL, a line at a time. */
const fileOctetsMax = 64 * 1024 * 1024

/** What is looked at in a directory: keys, notes and manifests lie there as well. */
const fileSuffixes = ['.pem', '.crt', '.cer', '.der', '.csr', '.req', '.p10', '.p7b', '.p7c', '.p7']
const lineSuffixes = ['.jsonl', '.ndjson']
const suffixes: readonly string[] = [...fileSuffixes, ...lineSuffixes]

/**
 * Requests, certificates and chains of a file, a directory with all below it, or (`-`) standard
 * input, one after another, in the order of names.
 *
 * @param form `lines`: JSONL, whatever the file is called
 * @throws where a file cannot be read
 */
export async function* readItems(
  path: string,
  form: 'lines' | 'by-name',
): AsyncGenerator<Item | Unreadable> {
  if (path === '-') yield* itemsOfLines(process.stdin, 'standard input')
  else if ((await statOf(path)).isDirectory()) {
    for (const file of await filesBelow(path)) yield* itemsOfFile(file, 'by-name')
  } else yield* itemsOfFile(path, form)
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw isMissing ? new Error(`${path}: there is no such file`, { cause: error }) : error
  }
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && suffixes.includes(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  if (files.length > 0) return files
  throw new Error(`${directory}: it holds no file that ends in ${suffixes.join(', ')}`)
}

async function* itemsOfFile(
  file: string,
  form: 'lines' | 'by-name',
): AsyncGenerator<Item | Unreadable> {
  if (form === 'lines' || lineSuffixes.includes(extname(file).toLowerCase())) {
    yield* itemsOfLines(createReadStream(file, { highWaterMark: readOctets }), file)
    return
  }
  const { size } = await stat(file)
  if (size > fileOctetsMax) {
    throw new Error(`${file}: larger than ${fileOctetsMax} octets: give it as JSONL`)
  }
  const octets = await readFile(file)
  // DER begins with the tag of a SEQUENCE, which is the digit 0: no PEM text does, and no base64 of DER.
  if (octets[0] === sequenceTag) yield* itemsOfDer(new Uint8Array(octets), file)
  else yield* itemsOfText(octets.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, ''), file)
}

const sequenceTag = 0x30

/** PEM, or DER in bare base64, as EST has it on the wire (RFC 8951 3.1). */
function itemsOfText(text: string, file: string): Iterable<Item | Unreadable> {
  const der = text.includes('-----') ? undefined : fromBase64(text.replaceAll(/\s/g, ''))
  return der?.[0] === sequenceTag ? itemsOfDer(der, file) : itemsOfPem(text, file)
}

/** Of a file of lines at once. */
const readOctets = 1024 * 1024

async function* itemsOfLines(source: Readable, file: string): AsyncGenerator<Item | Unreadable> {
  for await (const { number: line, text } of linesOf(source)) {
    if (text === undefined) yield { file, line, error: 'a line that is too long' }
    else if (text.trim() !== '') yield readLineSafely(text, file, line)
  }
}

function readLineSafely(text: string, file: string, line: number): Item | Unreadable {
  try {
    const { id = `${file}:${line}`, ...item } = readLine(text)
    return { id, ...item, file, line }
  } catch (error) {
    return { file, line, error: messageOf(error) }
  }
}

function itemsOfDer(der: Bytes, file: string): readonly Item[] {
  const certificates = readCertsOnly(der)
  if (certificates.ok) {
    const blocks = certificates.value.map((each) => ({ der: each, line: undefined }))
    return itemsOfCertificates(blocks, file)
  }
  const kind = looksLikeRequest(der) ? 'request' : 'certificate'
  return [{ id: file, file, line: undefined, kind, ders: [der] }]
}

const requestLabels: ReadonlySet<string> = new Set([
  'CERTIFICATE REQUEST',
  'NEW CERTIFICATE REQUEST',
])
const certificateLabels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE'])
const messageLabels: ReadonlySet<string> = new Set(['PKCS7', 'CMS'])

function* itemsOfPem(text: string, file: string): Generator<Item | Unreadable> {
  const known: PemBlock[] = []
  let isTold = false
  for (const block of pemBlocks(text)) {
    const opened = 'error' in block ? block : withMessageOpened(block)
    if ('error' in opened) yield { file, ...opened }
    else known.push(...opened)
    isTold ||= 'error' in opened
  }
  if (known.length === 0 && !isTold) yield { file, line: 1, error: `expected ${wantedBlocks}` }
  for (const { der, line } of known.filter(({ label }) => requestLabels.has(label))) {
    yield { id: `${file}:${line}`, file, line, kind: 'request', ders: [der] }
  }
  yield* itemsOfCertificates(
    known.filter(({ label }) => certificateLabels.has(label)),
    file,
  )
}

const wantedBlocks =
  'DER, or PEM blocks of CERTIFICATE REQUEST, CERTIFICATE or PKCS7 (private keys are not read)'

/** A block itself; of a message its certificates; nothing of what is neither, private keys among them. */
function withMessageOpened(block: PemBlock): readonly PemBlock[] | PemFault {
  const { label, der, line } = block
  if (requestLabels.has(label) || certificateLabels.has(label)) return [block]
  if (!messageLabels.has(label)) return []
  const certificates = readCertsOnly(der)
  if (!certificates.ok) return { line, error: 'expected certificates in this message (RFC 5652 5)' }
  return certificates.value.map((each) => ({ label: 'CERTIFICATE', der: each, line }))
}
