import type { Bytes } from '#shared/bytes.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { noExtensions } from '#shared/x509/extensions.ts'
import type { IssuerCrls } from './authenticated-crls.ts'
import type { RevocationQuestion } from './scope.ts'

/**
 * Whether issuer and serial say enough to ask an issuer's lists: none of a narrower scope, and none
 * of its name that another key may have signed. All else needs the certificate and its path.
 */
export function answersBySerial({ crls, elsewhere }: IssuerCrls): boolean {
  return !elsewhere && crls.every(({ scope }) => scope === undefined)
}

/** Whether a certificate is listed by someone else (RFC 5280 4.2.1.13: cRLIssuer). */
export function namesOtherIssuers({ extensions }: Certificate): boolean {
  return extensions.namesCrlIssuer
}

/** The question that a serial makes where `answersBySerial` holds; the kind of certificate is never asked. */
export function bareQuestion(serial: Bytes, { name }: IssuerCrls): RevocationQuestion {
  return { serial, issuer: name, isCa: false, extensions: noExtensions }
}
