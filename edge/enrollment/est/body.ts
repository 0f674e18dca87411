import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { readBounded } from '../../trust-stores/buckets/bucket-objects.ts'
import type { EstRefusal } from './answers.ts'

/**
 * An RSA key of 8192 bits with 32 names makes a request of 6 kB, base64 a third more: four times as
 * much is nothing that a device sends.
 */
export const bodyOctetsMax = 32 * 1024

/**
 * The DER of a request's body: base64 whatever Content-Transfer-Encoding says, with line ends and
 * blanks passed over (RFC 8951 sections 3.1 and 4).
 */
export async function readRequestBody(request: Request): Promise<Result<Bytes, EstRefusal>> {
  if (!isPkcs10(request.headers.get('content-type'))) {
    return refused(415, 'content_type', 'the Content-Type has to be application/pkcs10')
  }
  if (Number(request.headers.get('content-length') ?? 0) > bodyOctetsMax) return tooLarge
  if (request.body === null) return noRequest
  const body = await readBounded(request.body, bodyOctetsMax)
  if (!body.ok) return tooLarge
  const text = new TextDecoder().decode(body.value).replaceAll(/[\r\n\t ]/g, '')
  const der = fromBase64(text)
  return der === undefined || der.length === 0 ? notBase64(body.value, text) : ok(der)
}

/** What people send in its place: the octets themselves, or a PEM file. */
function notBase64([first]: Bytes, text: string): Result<never, EstRefusal> {
  if (first === sequenceTag) return malformed('it is DER: write it in base64 (RFC 8951 3.1)')
  if (text.startsWith('-----')) return malformed('it is PEM: leave out the lines of dashes')
  return noRequest
}

/** X.690 8.9.1: with it DER of a request begins; in base64 it is the digit 0, which none begins with. */
const sequenceTag = 0x30

/** RFC 7030 4.2.1; parameters behind it say nothing. */
const isPkcs10 = (type: string | null): boolean =>
  type?.split(';')[0]?.trim().toLowerCase() === 'application/pkcs10'

const refused = (
  status: EstRefusal['status'],
  code: string,
  because: string,
): Result<never, EstRefusal> => err({ status, code, because })

const tooLarge = refused(413, 'body_too_large', `a request has at most ${bodyOctetsMax} octets`)
const wanted = 'the body has to be base64 of a PKCS #10 request'
const malformed = (because: string): Result<never, EstRefusal> =>
  refused(400, 'der.malformed', `${wanted}, and ${because}`)
const noRequest = refused(400, 'der.malformed', wanted)
