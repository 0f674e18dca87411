import { identityText } from 'sallyport'
import { withClientCertificate } from 'sallyport/fetch'
import { cloudflarePlatform } from 'sallyport/platforms/cloudflare'
import { r2TrustFiles } from 'sallyport/trust-stores/r2'

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
