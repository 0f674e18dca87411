import { albNames, writeAlbPassthrough, writeAlbVerify, type HeaderLine } from '#shared/wire/alb.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import type { Bytes } from '#shared/bytes.ts'
import { parseCertificate } from '#shared/x509/parse.ts'

/** Names a client may try, as their products write them. */
const namesTried = [
  ...Object.values(albNames()),
  'X-Amzn-Mtls-Clientcert-Verify',
  'Amzn-Mtls-Client-Cert',
  'Client-Cert',
  'Client-Cert-Chain',
  'X-Forwarded-Client-Cert',
  'X-Client-Cert',
  'X-SSL-Client-Verify',
  'SSL-Client-Cert',
  'Cf-Cert-Presented',
  'Cf-Client-Cert-Sha256',
  'X-ARR-ClientCert',
]

/** What servers behind take for the same name: CGI, WSGI and PHP make `-` of `_`, Traefik's hole was `.`. */
const spellings: Readonly<Record<string, (name: string) => string>> = {
  'as written': (name) => name,
  'in lower case': (name) => name.toLowerCase(),
  'in upper case': (name) => name.toUpperCase(),
  'with underscores': (name) => name.replaceAll('-', '_'),
  'with one underscore': (name) => name.replace('-', '_'),
  'with dots': (name) => name.replaceAll('-', '.'),
  'with all of them': (name) => name.toUpperCase().replace('-', '.').replace('-', '_'),
}

export interface Spoof {
  readonly header: string
  readonly how: string
}

/** Every name in every spelling. */
export const spoofs: readonly Spoof[] = namesTried.flatMap((name) =>
  Object.entries(spellings).map(([how, spell]) => ({ header: spell(name), how })),
)

/** The value that would let a device in, were the header believed. */
export function stolenValue(header: string, chain: readonly [Bytes, ...Bytes[]]): string {
  const name = header.toLowerCase().replaceAll(/[_.]/g, '-')
  const lines = [...writeAlbPassthrough(chain), ...verifyLines(chain[0])]
  const line = lines.find(([each]) => each.toLowerCase() === name)
  if (line !== undefined) return line[1]
  if (name === 'client-cert') return writeClientCert(chain[0])
  if (name === 'client-cert-chain') return writeClientCertChain(chain.slice(1))
  if (name === 'x-forwarded-client-cert') return xfcc(chain)
  return 'SUCCESS'
}

function verifyLines(leaf: Bytes): readonly HeaderLine[] {
  const parsed = parseCertificate(leaf)
  const written = parsed.ok ? writeAlbVerify(parsed.value) : undefined
  return written?.ok === true ? written.value : []
}

function xfcc(chain: readonly Bytes[]): string {
  const pem = chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  return `Chain="${encodeURIComponent(pem)}"`
}
