import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { isSha256Of, readSha256 } from './fingerprint.ts'
import { chainHeaderLimits, decodeUrlPem } from './url-pem.ts'
import { xfccLengthMax, type XfccElement } from './xfcc.ts'

/** A leaf and what came behind it, DER. */
export interface XfccChain {
  readonly leaf: Bytes
  readonly intermediates: readonly Bytes[]
}

/** Which key of the element is at fault, and what it should have been. */
export interface XfccFault {
  readonly key: 'Hash' | 'Cert' | 'Chain'
  readonly expected: string
}

/**
 * The certificates of one element. The leaf is `Cert`, the rest is what follows it in `Chain`; one
 * of them is enough, and where both stand they have to begin alike. `Hash`, where it stands, is the
 * leaf's.
 *
 * @returns undefined where the element has neither `Cert` nor `Chain`
 */
export async function chainOfXfcc(
  element: XfccElement,
): Promise<Result<XfccChain | undefined, XfccFault>> {
  const cert = readPem('Cert', element.cert, 1)
  if (!cert.ok) return cert
  const chain = readPem('Chain', element.chain, chainHeaderLimits.certificatesMax)
  if (!chain.ok) return chain
  const [first, ...intermediates] = chain.value
  const leaf = cert.value[0] ?? first
  if (leaf === undefined) return ok(undefined)
  if (first !== undefined && !equalBytes(first, leaf)) {
    return err({ key: 'Chain', expected: 'a chain that begins with Cert' })
  }
  const hash = await checkHash(element.hash, leaf)
  return hash.ok ? ok({ leaf, intermediates }) : hash
}

/** Some proxies escape the line ends alone: a space is as good as `%20`, and stands in fences only. */
function readPem(
  key: 'Cert' | 'Chain',
  text: string | undefined,
  certificatesMax: number,
): Result<readonly Bytes[], XfccFault> {
  if (text === undefined) return ok([])
  const encoded = text.replaceAll(' ', '%20')
  const read = decodeUrlPem(encoded, { lengthMax: xfccLengthMax, certificatesMax })
  return read.ok ? read : err({ key, expected: read.error.expected })
}

async function checkHash(text: string | undefined, leaf: Bytes): Promise<Result<void, XfccFault>> {
  if (text === undefined) return ok(undefined)
  const hash = readSha256(text)
  if (!hash.ok) return err({ key: 'Hash', expected: hash.error.expected })
  if (await isSha256Of(hash.value, leaf)) return ok(undefined)
  return err({ key: 'Hash', expected: "the certificate's SHA-256" })
}
