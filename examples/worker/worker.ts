import { withClientCertificate } from '#edge/fetch.ts'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'
import { r2TrustFiles } from '#edge/trust-stores/r2-trust-files.ts'
import { identityText } from '#shared/identity/identity-text.ts'

interface Bindings {
  readonly TRUST: R2Bucket
}

let handler: ((request: Request) => Promise<Response>) | undefined

/** A Cloudflare Worker that greets devices alone. The trust store lies in an R2 bucket. */
export default {
  fetch(request: Request, { TRUST }: Bindings): Promise<Response> {
    // Once an isolate: what has been verified is remembered there.
    handler ??= withClientCertificate(
      { platform: cloudflarePlatform(), trustFiles: r2TrustFiles(TRUST, 'trust-stores/default/') },
      (_request, device) => new Response(`Hello, ${identityText(device).subject}`),
    )
    return handler(request)
  },
}
