import { toBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { beginFence, endFence, readPemBlock, type PemLabel } from './pem-block.ts'
import type { WireFault } from './fault.ts'

export type { PemLabel } from './pem-block.ts'

/** Where a file stopped being PEM: for the person who has to mend it. */
export interface PemFault {
  /** From 1. */
  readonly line: number
  readonly expected: string
}

export interface PemFileLimits {
  /** Characters of the whole text. */
  readonly lengthMax: number
  readonly blocksMax: number
}

/**
 * Bounds of one file. Length: ALB's quota for a revocation list file, 50 MB. Blocks: a trust store
 * holds 25 CA certificates at ALB by default and the bundles of browsers about 150; the rest is room.
 */
const pemFileLimits: PemFileLimits = { lengthMax: 50 * 1024 * 1024, blocksMax: 1000 }

/**
 * The DER of every block of a PEM file (RFC 7468), in order. Text outside the blocks is passed
 * over, as section 2 allows; blocks of another label are refused, and so is a file without any,
 * because a damaged file must never read as an empty list.
 */
export function decodePem(
  text: string,
  label: PemLabel,
  limits: PemFileLimits = pemFileLimits,
): Result<Bytes[], PemFault> {
  if (text.length > limits.lengthMax) {
    return err({ line: 1, expected: `at most ${limits.lengthMax} characters` })
  }
  const blocks = readBlocks(text, label, limits.blocksMax)
  if (blocks.ok) return blocks
  return err({ line: lineOf(text, blocks.error.at), expected: blocks.error.expected })
}

function readBlocks(text: string, label: PemLabel, blocksMax: number): Result<Bytes[], WireFault> {
  const ders: Bytes[] = []
  let at = nextFence(text, 0)
  while (at !== undefined) {
    if (ders.length === blocksMax) return err({ at, expected: `at most ${blocksMax} blocks` })
    const block = readPemBlock(text, at, label)
    if (!block.ok) return block
    ders.push(block.value.der)
    at = nextFence(text, block.value.next)
  }
  return ders.length === 0 ? err({ at: text.length, expected: beginFence(label) }) : ok(ders)
}

/** The next line from `from` on that begins with a fence of any kind. `from` is the start of a line. */
function nextFence(text: string, from: number): number | undefined {
  let at = text.indexOf('-----', from)
  while (at >= 0 && !startsLine(text, at)) at = text.indexOf('-----', at + 5)
  return at < 0 ? undefined : at
}

function startsLine(text: string, at: number): boolean {
  const before = text[at - 1]
  return before === undefined || before === '\n' || before === '\r'
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split(/\r\n|\n|\r/).length
}

/** One block, 64 columns, each line ended by LF (RFC 7468 section 2: generators MUST wrap at 64). */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const base64 = toBase64(der)
  const lines = [beginFence(label)]
  for (let at = 0; at < base64.length; at += 64) lines.push(base64.slice(at, at + 64))
  return `${lines.join('\n')}\n${endFence(label)}\n`
}
