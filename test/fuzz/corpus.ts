import { fromBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import { casesOf, linesOfSuite, suiteFile } from '../conformance/suites.ts'
import { crlPem, intermediatePem, leafPem } from '../vectors/device.ts'
import type { Document } from './der-mutations.ts'
import { flatten, readTree } from './der-tree.ts'
import { issuerPem, listPem, requestPems } from './vectors.ts'

/** What mutations start from. The same files, the same corpus, in the same order. */
export interface Corpus {
  readonly certificates: readonly Document[]
  readonly crls: readonly Document[]
  readonly requests: readonly Document[]
  /** Header values, by the form they are in. */
  readonly headers: readonly string[]
  readonly pems: readonly string[]
  /** Lines of path cases, as `sallyport verify --batch` reads them, that have to be accepted. */
  readonly cases: readonly string[]
  /** Suites that were missing. */
  readonly missing: readonly string[]
}

/** Larger files are slow to mutate and have nothing in them that smaller ones lack. */
const octetsMax = 6000

/** Of each suite of paths: enough for every feature, few enough to be taken apart in a second. */
const casesMax = 250

/** Cases to verify, whose every presented certificate is needed. */
const pathsMax = 80

export async function readCorpus(): Promise<Corpus> {
  const missing: string[] = []
  const paths = await readPaths(missing)
  const parsed = await readParses(missing)
  const certificates = [leafPem, intermediatePem, issuerPem].map(derOfPem)
  const chains = paths.ders.slice(0, 60)
  return {
    certificates: documents([...certificates, ...paths.ders, ...parsed.certificates]),
    crls: documents([derOfPem(crlPem), derOfPem(listPem), ...paths.crls, ...parsed.crls]),
    requests: documents(requestPems.map(derOfPem)),
    headers: [...headersOf([...certificates, ...chains]), ...(await readHeaders(missing))],
    pems: [leafPem, crlPem, `${leafPem}${intermediatePem}`, `# a bundle\n${leafPem}\n\n${leafPem}`],
    cases: paths.cases,
    missing,
  }
}

export function derOfPem(pem: string): Bytes {
  return fromBase64(pem.replace(/-----[A-Z0-9 ]+-----|\s/g, '')) ?? new Uint8Array()
}

function documents(ders: readonly Bytes[]): Document[] {
  return ders
    .filter(({ length }) => length > 0 && length <= octetsMax)
    .map((bytes) => {
      const nodes = readTree(bytes) ?? []
      return { bytes, nodes, all: flatten(nodes) }
    })
}

interface PathCase {
  readonly chain: readonly string[]
  readonly crls: readonly string[] | null
  readonly expect: 'accept' | 'reject'
  readonly applicable: boolean
}

interface Paths {
  readonly ders: Bytes[]
  readonly crls: Bytes[]
  readonly cases: string[]
}

async function readPaths(missing: string[]): Promise<Paths> {
  const paths: Paths = { ders: [], crls: [], cases: [] }
  for (const name of ['limbo-client', 'pkits', 'bssl-crl', 'frankenchain-dev']) {
    const file = presentFile(name, missing)
    if (file === undefined) continue
    let count = 0
    for await (const line of linesOfSuite(file)) {
      if ((count += 1) > casesMax) break
      const asked = JSON.parse(line) as PathCase
      paths.ders.push(...asked.chain.slice(0, 3).map(octetsOf))
      paths.crls.push(...(asked.crls ?? []).slice(0, 2).map(octetsOf))
      const isWanted = asked.applicable && asked.expect === 'accept' && asked.chain.length <= 4
      if (isWanted && paths.cases.length < pathsMax) paths.cases.push(line)
    }
  }
  return paths
}

interface ParseCase {
  readonly der: string
  readonly kind?: string
}

async function readParses(
  missing: string[],
): Promise<{ readonly certificates: Bytes[]; readonly crls: Bytes[] }> {
  const [certificates, crls]: [Bytes[], Bytes[]] = [[], []]
  for (const name of ['bssl-parse', 'webpki-crlparse', 'fuzz-openssl-x509', 'fuzz-openssl-crl']) {
    const file = presentFile(name, missing)
    if (file === undefined) continue
    for await (const { der, kind } of casesOf<ParseCase>(file)) {
      const isCrl = name === 'webpki-crlparse' || kind === 'crl'
      ;(isCrl ? crls : certificates).push(octetsOf(der))
    }
  }
  return { certificates, crls }
}

function headersOf(ders: readonly Bytes[]): string[] {
  return ders.flatMap((der, index) => {
    const chain = ders.slice(index, index + 3)
    const hash = 'ab'.repeat(32)
    return [
      encodeUrlPem(chain),
      encodeURIComponent(encodePem('CERTIFICATE', der)),
      writeClientCert(der),
      writeClientCertChain(chain),
      `By=spiffe://a/b;Hash=${hash};Cert="${encodeUrlPem([der])}";Subject="CN=a\\, b";URI=x`,
    ]
  })
}

interface HeaderCase {
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

async function readHeaders(missing: string[]): Promise<string[]> {
  const file = presentFile('headers', missing)
  if (file === undefined) return []
  const values: string[] = []
  for await (const { headers } of casesOf<HeaderCase>(file)) {
    values.push(...Object.values(headers).flat())
  }
  return values
}

function presentFile(name: string, missing: string[]): string | undefined {
  const file = suiteFile(`${name}.jsonl.gz`)
  if (file === undefined) missing.push(name)
  return file
}

function octetsOf(base64: string): Bytes {
  return fromBase64(base64) ?? toUtf8(base64)
}
