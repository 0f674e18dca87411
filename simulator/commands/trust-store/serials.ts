import { createReadStream } from 'node:fs'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { albSerial, readSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { linesOf } from '../batch-lines.ts'
import { messageOf, unusable } from '../options.ts'
import { readBounded } from './change.ts'

/** One certificate, as the API names it. */
export interface NamedSerial {
  /** DER of the issuer's Name, base64. */
  readonly issuer: string
  /** As `albSerial` writes it. */
  readonly serial: string
}

export interface SerialFlags {
  readonly issuer?: string
  readonly serial: readonly string[]
  readonly from?: string
}

/** A store takes ten thousand by word; beyond that, with room, a list is what is wanted. */
const serialsMax = 100_000

/** Twenty octets are forty digits, and nineteen colons between them. */
const lineMax = 128

/** As many as help; the rest are counted. */
const faultsShown = 20

/** All that the arguments name, each once. Ends the command where one of them cannot be read. */
export async function readSerials(
  certificates: readonly string[],
  { issuer, serial, from }: SerialFlags,
): Promise<readonly NamedSerial[]> {
  const isBare = serial.length > 0 || from !== undefined
  if (isBare !== (issuer !== undefined)) {
    return unusable('--issuer <file> goes with --serial or --from, and they with it')
  }
  const named = await Promise.all(certificates.map(ofCertificate))
  if (issuer !== undefined) {
    const { subject } = await readCertificate(issuer)
    const bare = [...readWords(serial), ...(from === undefined ? [] : await readLines(from))]
    named.push(...bare.map((each) => ({ issuer: toBase64(subject), serial: each })))
  }
  const each = new Map(named.map((one) => [`${one.issuer} ${one.serial}`, one]))
  if (each.size === 0) {
    return unusable('expected a certificate, or --issuer with --serial or --from')
  }
  return [...each.values()]
}

async function ofCertificate(path: string): Promise<NamedSerial> {
  const { issuer, serial } = await readCertificate(path)
  return { issuer: toBase64(issuer), serial: albSerial(serial) }
}

/** The certificate of a file, PEM or DER: the first of it. Ends the command where there is none. */
export async function readCertificate(path: string): Promise<Certificate> {
  const der = derOf(await readBounded(path))
  if (!der.ok) return unusable(`${path}: ${der.error}`)
  const certificate = parseCertificate(der.value)
  if (certificate.ok) return certificate.value
  const { offset, expected } = certificate.error
  return unusable(`${path}: byte ${offset}: expected ${expected}`)
}

/** DER begins with the octet of a SEQUENCE; of a PEM file it is the first certificate. */
function derOf(octets: Bytes): Result<Bytes, string> {
  if (octets[0] === 0x30) return ok(octets)
  const blocks = decodePem(new TextDecoder().decode(octets), 'CERTIFICATE')
  if (!blocks.ok) return err(`line ${blocks.error.line}: expected ${blocks.error.expected}`)
  const [first] = blocks.value
  return first === undefined ? err('it holds no certificate') : ok(first)
}

function readWords(words: readonly string[]): readonly string[] {
  return words.map((word) => {
    const serial = readSerial(word)
    return serial.ok
      ? serial.value
      : unusable(`--serial ${word}: expected ${serial.error.expected}`)
  })
}

async function readLines(from: string): Promise<readonly string[]> {
  const read = await serialsOf(from).catch((error: unknown) => unusable(messageOf(error)))
  if (read.faults.length === 0) return read.serials
  for (const fault of read.faults.slice(0, faultsShown)) console.error(`${from}: ${fault}`)
  return unusable(`${from}: ${read.faults.length} lines are no serials; nothing was sent`)
}

interface ReadLines {
  readonly serials: readonly string[]
  readonly faults: readonly string[]
}

async function serialsOf(from: string): Promise<ReadLines> {
  const serials: string[] = []
  const faults: string[] = []
  for await (const { number, text } of linesOf(
    from === '-' ? process.stdin : createReadStream(from),
    lineMax,
  )) {
    const word = text?.trim()
    if (word === '' || word?.startsWith('#') === true) continue
    const serial = word === undefined ? undefined : readSerial(word)
    if (serial?.ok === true) serials.push(serial.value)
    else faults.push(`line ${number}: expected ${serial?.error.expected ?? 'a shorter line'}`)
    if (serials.length > serialsMax) throw new Error(`${from}: more than ${serialsMax} serials`)
  }
  return { serials, faults }
}
