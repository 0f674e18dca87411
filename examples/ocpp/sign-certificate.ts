import { encodePem, readCertsOnly } from 'sallyport'

/*
 * OCPP 2.0.1 (A02, A03): a charging station sends SignCertificate, and the management system has a CA
 * sign it: here the EST server of an edge, whose label has the profile `ocpp-cs`.
 */

/** SignCertificateRequest: PEM, 5,500 characters at most. */
export interface SignCertificateRequest {
  readonly csr: string
}

/** CertificateSignedRequest, for the station: PEM, the leaf first, 10,000 characters at most. */
export interface CertificateSignedRequest {
  readonly certificateChain: string
  readonly certificateType: 'ChargingStationCertificate'
}

export type Signed =
  | { readonly kind: 'signed'; readonly request: CertificateSignedRequest }
  /** Make the same request again then. */
  | { readonly kind: 'later'; readonly seconds: number }
  | { readonly kind: 'refused'; readonly because: string }

const url = process.env['EST_URL'] ?? 'https://edge.example/.well-known/est/ocpp'

/**
 * @param station its identity, which the request has to name (CN) and the WebSocket was authenticated as
 * @param token a claim of the registry for this station, or for as many as there are
 */
export async function signCertificate(
  { csr }: SignCertificateRequest,
  station: string,
  token: string,
): Promise<Signed> {
  if (csr.length > 5500) return { kind: 'refused', because: 'the request is too long' }
  const response = await fetch(`${url}/simpleenroll`, {
    method: 'POST',
    headers: {
      'content-type': 'application/pkcs10',
      authorization: `Basic ${btoa(`${station}:${token}`)}`,
    },
    // PEM without its fences is the base64 that EST speaks.
    body: csr.replaceAll(/-----[^-]+-----|\s/g, ''),
  })
  const text = await response.text()
  if (response.status === 202) {
    return { kind: 'later', seconds: Number(response.headers.get('retry-after') ?? 60) }
  }
  if (response.status !== 200) return { kind: 'refused', because: text.trim() }
  const chain = [...pemsOf(text), ...(await issuers())].join('')
  if (chain.length > 10_000) return { kind: 'refused', because: 'the chain is too long for OCPP' }
  const certificateType = 'ChargingStationCertificate'
  return { kind: 'signed', request: { certificateChain: chain, certificateType } }
}

/** The CAs between the station and the root, which nobody has to send. */
async function issuers(): Promise<readonly string[]> {
  const response = await fetch(`${url}/cacerts`)
  if (!response.ok) throw new Error(`the EST server answers ${response.status} for its CAs`)
  return pemsOf(await response.text()).slice(0, -1)
}

function pemsOf(base64: string): readonly string[] {
  const octets = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const certificates = readCertsOnly(octets)
  if (!certificates.ok) throw new Error(`no certificates: ${certificates.error.expected}`)
  return certificates.value.map((der) => encodePem('CERTIFICATE', der))
}
