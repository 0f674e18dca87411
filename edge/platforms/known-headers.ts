/**
 * One family of headers that some product fills with facts of a client certificate. Lower-case,
 * words parted by hyphens. A `family` stands for itself and for all names that go on with a hyphen.
 */
export type KnownHeader =
  | { readonly name: string; readonly source: string }
  | { readonly family: string; readonly source: string }

/**
 * Every header that a target may take for a client certificate. A client's copy of any of them is
 * a forgery, whichever product the target was written for.
 */
export const knownHeaders: readonly KnownHeader[] = [
  { family: 'x-amzn-mtls', source: 'AWS ALB, NLB' },
  { name: 'x-amzn-tls-version', source: 'AWS ALB' },
  { name: 'x-amzn-tls-cipher-suite', source: 'AWS ALB' },
  { family: 'amzn-mtls', source: 'AWS ALB, as some of its texts call it' },
  { family: 'cloudfront-viewer-cert', source: 'AWS CloudFront' },
  { family: 'cf-cert', source: 'Cloudflare Managed Transform' },
  { family: 'cf-client-cert', source: 'Cloudflare Access' },
  { family: 'cf-tls-client', source: 'Cloudflare transform rules, by custom' },
  { family: 'client-cert', source: 'RFC 9440; Google Cloud load balancing, by custom' },
  { family: 'x-client-cert', source: 'Google Cloud load balancing, nginx, by custom' },
  { family: 'x-forwarded-client-cert', source: 'Envoy, Istio, Azure Container Apps' },
  { family: 'x-forwarded-tls-client-cert', source: 'Traefik' },
  { family: 'x-forwarded-ssl-client', source: 'Apache, by custom' },
  { family: 'ssl-client', source: 'ingress-nginx, Apache' },
  { family: 'x-ssl-client', source: 'HAProxy, nginx, OpenShift router' },
  { name: 'x-ssl', source: 'OpenShift router' },
  { family: 'x-sallyport-evidence', source: 'this edge, of another listener' },
  { name: 'x-ssl-issuer', source: 'OpenShift router' },
  { family: 'x-ssl-cert', source: 'nginx, by custom' },
  { family: 'x-arr-clientcert', source: 'Azure App Service' },
  { family: 'x-clientcert', source: 'Azure Application Gateway, by custom' },
  { family: 'client-certificate', source: 'Azure Application Gateway, by custom' },
  { family: 'x-client-certificate', source: 'Azure API Management, by custom' },
  { family: 'client-to-edge', source: 'Akamai' },
  { family: 'x-tls-client', source: 'Caddy, Fastly, by custom' },
  { family: 'tls-client', source: 'Caddy, Fastly, by custom' },
]
