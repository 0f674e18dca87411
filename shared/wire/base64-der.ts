import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'
import { chainHeaderLimits, type ChainLimits } from './url-pem.ts'

/**
 * One certificate as bare base64 of its DER, padding optional: Azure App Service, HAProxy, Caddy.
 * A header that arrived twice has a comma in it, and is refused for that.
 */
export function readBase64Der(
  text: string,
  limits: ChainLimits = chainHeaderLimits,
): Result<Bytes, WireFault> {
  if (text.length > limits.lengthMax) return err(tooLong(limits))
  return readPart(text, 0)
}

/**
 * Certificates as bare base64 of their DER joined by commas without a space, leaf first: Traefik.
 * Versions before 2.9.4 escape each part for a URL (`%2B`, `%2F`, `%3D`), never as a form does.
 */
export function readBase64Ders(
  text: string,
  limits: ChainLimits = chainHeaderLimits,
): Result<Bytes[], WireFault> {
  if (text.length > limits.lengthMax) return err(tooLong(limits))
  const ders: Bytes[] = []
  let at = 0
  for (const part of text.split(',')) {
    if (ders.length === limits.certificatesMax) return err(tooMany(at, limits))
    const der = readPart(unescaped(part), at)
    if (!der.ok) return der
    ders.push(der.value)
    at += part.length + 1
  }
  return ok(ders)
}

/**
 * Certificates one after another in one base64 text: HAProxy's `ssl_c_chain_der,base64`. The DER
 * itself says where each ends.
 */
export function readBase64OfDers(
  text: string,
  limits: ChainLimits = chainHeaderLimits,
): Result<Bytes[], WireFault> {
  const all = readBase64Der(text, limits)
  if (!all.ok) return all
  const split = parseDer(all.value, (reader) => splitDers(reader, limits.certificatesMax))
  return split.ok ? split : err({ at: 0, expected: split.error.expected })
}

function splitDers(reader: DerReader, certificatesMax: number): Bytes[] {
  const ders: Bytes[] = []
  while (!reader.done) {
    if (ders.length === certificatesMax) {
      return reader.fail(`at most ${certificatesMax} certificates`, reader.at)
    }
    ders.push(reader.element(tag.sequence, 'a certificate'))
  }
  return ders
}

function readPart(text: string, at: number): Result<Bytes, WireFault> {
  const der = fromBase64(text)
  if (der === undefined || der.length === 0) return err({ at, expected: 'base64 of a certificate' })
  return ok(der)
}

/** The three characters of base64 that a URL escapes; any other escape stays, and is no base64. */
function unescaped(part: string): string {
  return part.replaceAll(/%(?:2b|2f|3d)/gi, (escape) => decodeURIComponent(escape))
}

function tooLong({ lengthMax }: ChainLimits): WireFault {
  return { at: lengthMax, expected: `at most ${lengthMax} characters` }
}

function tooMany(at: number, { certificatesMax }: ChainLimits): WireFault {
  return { at, expected: `at most ${certificatesMax} certificates` }
}
