import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { algorithmText } from '#shared/x509/algorithm-text.ts'
import { signatureAlgorithmOf } from '#shared/x509/algorithms.ts'

/** Signature algorithms that the core does not verify, and those whose parameters are often wrong. */
const names: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'md2WithRSAEncryption',
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.113549.1.1.14': 'sha224WithRSAEncryption',
  '1.2.840.10040.4.3': 'dsa-with-SHA1',
  '2.16.840.1.101.3.4.3.2': 'dsa-with-SHA256',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.1': 'ecdsa-with-SHA224',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
}

/** Those that are sound with their own parameters: where the core does not know one, it has others. */
const sound = /^(?:RSASSA-PSS|Ed25519|.*(?:sha|SHA)(?:256|384|512).*)$/

/** What people call an AlgorithmIdentifier that the core does not take. */
export function algorithmName(identifier: Bytes): string {
  if (signatureAlgorithmOf(identifier) !== undefined) return algorithmText(identifier)
  const oid = parseDer(identifier, (reader) => {
    const outer = reader.open(tag.sequence, 'AlgorithmIdentifier')
    const algorithm = readOid(reader, 'algorithm')
    while (!reader.done) reader.skip('parameters')
    reader.close(outer)
    return algorithm
  })
  const name = oid.ok ? names[oid.value] : undefined
  if (name === undefined) return algorithmText(identifier)
  return sound.test(name) && !name.startsWith('dsa') ? `${name} with other parameters` : name
}
