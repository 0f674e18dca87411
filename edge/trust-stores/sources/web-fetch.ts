import type { Post } from '../findings/webhook.ts'
import type { FetchOne } from './fetch-list.ts'

/** Head and body together. The largest list comes in that time over a line of 12 Mbit/s. */
export const fetchTimeoutMs = 30_000

/**
 * The web platform's own `fetch`, for Workers. It does not tell which address a name resolves to, so
 * a public name of a private address passes `checkAddress`, and the rest is up to the platform:
 * - workerd connects to public addresses alone, and takes private ones for names that do not exist,
 *   unless its configuration says otherwise (`Network.allow` in workerd.capnp);
 * - Cloudflare refuses addresses in place of names ("Known issues" of its Workers documentation); what
 *   a name leads to inside its network is not documented, and stays open.
 *
 * Where the machine itself resolves names, `edge/node/source-fetch.ts` looks at what they resolve to.
 */
export const webFetch: FetchOne = (url, headers) =>
  fetch(url, {
    headers,
    redirect: 'manual',
    // Our own cache between us and the publisher would only make revocations later.
    cache: 'no-store',
    signal: AbortSignal.timeout(fetchTimeoutMs),
  })

/** One message to a webhook: no redirect is followed, and ten seconds are enough to say yes. */
export const webPost: Post = (url, { headers, body }) =>
  fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
