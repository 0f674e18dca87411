import 'reflect-metadata'
import { X509Certificate, X509Crl } from '@peculiar/x509'
import { fromBER } from 'asn1js'
import { Certificate, CertificateRevocationList } from 'pkijs'
import type { Bytes } from '#shared/bytes.ts'

/** Lists of more than some 3,300 entries are refused by both libraries as they come. */
const limits = { maxNodes: 100_000_000, maxContentLength: 2 ** 31 - 1 }

/** A certificate as pkijs reads it; the values of its extensions are made when asked for. */
export function readPkijs(der: Bytes): Certificate {
  return Certificate.fromBER(der)
}

export function readPkijsCrl(der: Bytes): CertificateRevocationList {
  return new CertificateRevocationList({ schema: fromBER(der, limits).result })
}

/** A certificate as @peculiar/x509 reads it, with its extensions; names and keys when asked. */
export function readPeculiar(der: Bytes): X509Certificate {
  return new X509Certificate(der)
}

export function readPeculiarCrl(der: Bytes): X509Crl {
  return new X509Crl(der, { berOptions: limits })
}
