import * as nodeCrypto from 'node:crypto'
import { createNodeVerifier, decodePem, type Presented } from 'sallyport'
import { withClientCertificate } from 'sallyport/fetch'
import { directoryTrustFiles } from 'sallyport/trust-stores/directory'

/**
 * AWS IoT Core's custom client certificate validation: this function is called at every connect of a
 * domain configuration that names it as `clientCertificateCallbackArn`, after TLS, which asks for no
 * revocation. The chain is PEM, the leaf first.
 *
 * Of AWS's page ("Custom client certificate validation") the event is confirmed, field by field. The
 * answer was not: `isAuthenticated` alone is how AWS's other authorizers begin theirs. Try it with a
 * domain of your own before you rely on it.
 */
export interface ConnectEvent {
  readonly connectionMetadata?: { readonly id: string }
  readonly principalId: string
  readonly serverName: string
  readonly clientCertificateChain: readonly string[]
}

const decide = withClientCertificate(
  {
    // What AWS IoT passes is in the event, and no header is believed.
    platform: {
      name: 'aws-iot',
      ownHeaders: [],
      read: ({ connection }) => presentedBy(connection),
    },
    // A layer of the function is mounted at /opt.
    trustFiles: directoryTrustFiles(process.env['TRUST_DIR'] ?? '/opt/trust'),
    verifier: createNodeVerifier(nodeCrypto),
  },
  () => new Response(),
)

function presentedBy(chain: unknown): Presented {
  const expected = 'certificates in PEM, the leaf first'
  const malformed = { kind: 'malformed', field: 'clientCertificateChain', expected } as const
  if (!Array.isArray(chain)) return malformed
  const ders = decodePem(chain.join('\n'), 'CERTIFICATE')
  const [leaf, ...intermediates] = ders.ok ? ders.value : []
  return leaf === undefined ? malformed : { kind: 'chain', leaf, intermediates }
}

/** Whatever keeps it from deciding lets nobody in. */
export async function handler(event: ConnectEvent): Promise<{ isAuthenticated: boolean }> {
  const request = new Request('https://aws-iot.invalid/')
  const connection = { value: event.clientCertificateChain }
  const answer = await decide(Object.defineProperty(request, 'connection', connection))
  if (!answer.ok) console.warn(`${event.principalId} is refused: ${await answer.text()}`)
  return { isAuthenticated: answer.ok }
}
