import type { MapBounds } from '#shared/bounded-map.ts'
import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { rememberByText } from '#shared/text-memo.ts'
import type { WireFault } from './fault.ts'
import { encodePem } from './pem.ts'
import { readPemBlock } from './pem-block.ts'
import { decodeUsualBody, readUsualBlock, type PemSpelling } from './usual-pem.ts'

export interface ChainLimits {
  /** Characters of the header value as it arrived. */
  readonly lengthMax: number
  readonly certificatesMax: number
}

/**
 * Bounds of a chain in one header. Length: ALB passes single headers of at most 16 K, and a chain
 * of four RSA-8192 certificates measures 15 K. Certificates: ALB verifies a depth of 4 and the TLS
 * library beneath it stops reading at 7; the rest is room for certificates that lead nowhere.
 */
export const chainHeaderLimits: ChainLimits = { lengthMax: 16 * 1024, certificatesMax: 10 }

/**
 * The certificates of a URL-encoded PEM chain, leaf first, as ALB (`+ = /` left raw) and nginx
 * (all encoded) write it. Percent-decoding only, never form decoding: `+` is a character of base64.
 * Blocks follow each other without anything between; there is at least one.
 */
export function decodeUrlPem(
  text: string,
  limits: ChainLimits = chainHeaderLimits,
): Result<Bytes[], WireFault> {
  if (text.length > limits.lengthMax) {
    return err({ at: limits.lengthMax, expected: `at most ${limits.lengthMax} characters` })
  }
  const usual = readUsualBlocks(text, limits.certificatesMax)
  if (usual !== undefined) return ok(usual)
  const decoded = percentDecode(text)
  return decoded.ok ? readAdjacentBlocks(decoded.value, limits.certificatesMax) : decoded
}

/**
 * Certificates in headers that one isolate remembers: a fleet's intermediates, which come with every
 * leaf, and the leaves of some minutes. Each keeps its header, of 2.6 kB with three P-256
 * certificates: a fiftieth of a Worker's 128 MB. In Node octets hold on to their pool of 8 kB, which
 * eleven leaves share.
 */
export const headerMemoBounds: MapBounds = { countMax: 1000, weightMax: 2 * 1024 * 1024 }

/** A block as ALB writes it. The octets of one text are the same ones each time: nobody writes to them. */
const albSpelling: PemSpelling = {
  begin: '-----BEGIN%20CERTIFICATE-----%0A',
  end: '-----END%20CERTIFICATE-----%0A',
  decode: rememberByText((body) => decodeUsualBody(body, '%0A'), headerMemoBounds),
}

/** The certificates of a chain whose blocks are all spelt as ALB writes them; undefined where one is not. */
function readUsualBlocks(text: string, certificatesMax: number): Bytes[] | undefined {
  const ders: Bytes[] = []
  let at = 0
  do {
    const block = readUsualBlock(text, at, albSpelling)
    if (block === undefined || ders.length === certificatesMax) return undefined
    ders.push(block.der)
    at = block.next
  } while (at < text.length)
  return ders
}

/** PEM blocks from the first character to the last. Faults count in the decoded text. */
function readAdjacentBlocks(pem: string, certificatesMax: number): Result<Bytes[], WireFault> {
  const ders: Bytes[] = []
  let at = 0
  do {
    if (ders.length === certificatesMax) {
      return err({ at, expected: `at most ${certificatesMax} certificates` })
    }
    const block = readPemBlock(pem, at, 'CERTIFICATE')
    if (!block.ok) return block
    ders.push(block.value.der)
    at = block.value.next
  } while (at < pem.length)
  return ok(ders)
}

/** What `rawCharacter` and `escapedOctet` take, and nothing else. */
const escapedPem = /^(?:[A-Za-z0-9\-._~+=/]|%(?:0[AaDd]|[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]))*$/

/** RFC 3986 2.1, into the printable ASCII and line ends that PEM consists of. */
function percentDecode(text: string): Result<string, WireFault> {
  // Each character looked at by itself only where one is at fault, to say which.
  if (escapedPem.test(text)) return ok(decodeURIComponent(text))
  let decoded = ''
  let at = 0
  while (at < text.length) {
    const escaped = text[at] === '%'
    const code = escaped ? escapedOctet(text, at) : rawCharacter(text, at)
    if (code === undefined) {
      return err({
        at,
        expected: escaped ? '% and two digits of a PEM character' : 'a URL-encoded character',
      })
    }
    decoded += String.fromCharCode(code)
    at += escaped ? 3 : 1
  }
  return ok(decoded)
}

/** The octet of `%XX` if PEM can hold it: NUL and other controls, and all beyond ASCII, it cannot. */
function escapedOctet(text: string, at: number): number | undefined {
  const digits = text.slice(at + 1, at + 3)
  if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined
  const octet = Number.parseInt(digits, 16)
  const lineEnd = octet === 0x0a || octet === 0x0d
  return lineEnd || (octet >= 0x20 && octet <= 0x7e) ? octet : undefined
}

/** A character that stands for itself: unreserved in RFC 3986 2.3, or one that ALB leaves raw. */
function rawCharacter(text: string, at: number): number | undefined {
  return /[A-Za-z0-9\-._~+=/]/.test(text[at] ?? '') ? text.charCodeAt(at) : undefined
}

/** The chain as ALB writes it: leaf first, `+`, `=` and `/` raw, everything else outside unreserved encoded. */
export function encodeUrlPem(chain: readonly Uint8Array[]): string {
  const pem = chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  return encodeURIComponent(pem)
    .replaceAll('%2B', '+')
    .replaceAll('%3D', '=')
    .replaceAll('%2F', '/')
}
