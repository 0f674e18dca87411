/**
 * The address of a request at the target: its path and query, at the target's origin.
 *
 * The path is set and never resolved: as a reference, `//elsewhere.example/` would name another
 * host (RFC 3986 4.2), and the request would go there with the hop's secret.
 *
 * @param target an absolute URL, of which the origin counts
 */
export function urlAtTarget(requested: string, target: string): URL {
  const { pathname, search } = new URL(requested)
  const url = new URL(new URL(target).origin)
  url.pathname = pathname
  url.search = search
  return url
}
