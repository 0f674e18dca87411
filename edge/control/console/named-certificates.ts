import { toBase64, toUtf8 } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { albSerial, readSerial } from '#shared/wire/serial.ts'
import { readCertificates } from '../../trust-stores/gate.ts'

/** A certificate as changes name it. */
export interface NamedCertificate {
  /** DER of its issuer's Name, base64. */
  readonly issuer: string
  /** As `albSerial` writes it. */
  readonly serial: string
  /** Undefined where only its number is known. */
  readonly subject: string | undefined
  /** Of a CA (RFC 5280 4.2.1.9): with it goes every device below. False where only its number is known. */
  readonly isCa: boolean
}

/** The certificates of a PEM text; a sentence with the line at fault otherwise. */
export function namedByPem(text: string): Result<readonly NamedCertificate[], string> {
  const read = readCertificates(toUtf8(text))
  if (!read.ok) return read
  return ok(
    read.value.map(({ issuer, serial, subject, extensions }) => {
      const name = rfc2253Name(subject)
      return {
        issuer: toBase64(issuer),
        serial: albSerial(serial),
        subject: name.ok ? name.value : undefined,
        isCa: extensions.basicConstraints?.ca ?? false,
      }
    }),
  )
}

/** A certificate by its issuer and the hexadecimal number that somebody typed. */
export function namedByNumber(
  issuer: string,
  serial: string,
): Result<readonly NamedCertificate[], string> {
  if (issuer === '') return err('choose the issuer, or paste the certificate')
  const read = readSerial(serial.replaceAll(/\s/g, ''))
  if (read.ok) return ok([{ issuer, serial: read.value, subject: undefined, isCa: false }])
  return err(`the serial: expected ${read.error.expected.replace(/^a serial as /, '')}`)
}
