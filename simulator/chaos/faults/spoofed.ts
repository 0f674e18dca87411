import { dayMs, hourMs } from '../pki.ts'
import { tlsVersions, type Stage } from '../stage.ts'

/** In which terminators hand a certificate over, each as its adapter would read it. */
const headersOf = (pem: string, der: string): Readonly<Record<string, string>> => ({
  'client-cert': `:${der}:`,
  'x-amzn-mtls-clientcert': encodeURIComponent(pem),
  'x-amzn-mtls-clientcert-leaf': encodeURIComponent(pem),
  'x-forwarded-client-cert': `Cert="${encodeURIComponent(pem)}"`,
  'x-ssl-client-cert': encodeURIComponent(pem),
  'ssl-client-cert': encodeURIComponent(pem),
  'x-ssl-client-verify': 'SUCCESS',
  'x-arr-clientcert': der,
})

/** C35: somebody without a certificate writes a good one into every header that terminators write. */
export async function headersSpoofed(stage: Stage): Promise<void> {
  const good = await stage.pki.issue(-hourMs, dayMs)
  const [leaf = ''] = good.chainPem.split('-----END CERTIFICATE-----\n', 1)
  const pem = `${leaf}-----END CERTIFICATE-----\n`
  const der = Buffer.from(good.leafDer).toString('base64')
  for (const tls of tlsVersions) {
    const spoofed = { subject: 'spoofed headers', must: 'out', invariant: 'S4' } as const
    for (const [name, value] of Object.entries(headersOf(pem, der))) {
      const headers = { [name]: value }
      await stage.knock(spoofed, tls, undefined, { headers, name: `a client that sends ${name}` })
    }
  }
}
