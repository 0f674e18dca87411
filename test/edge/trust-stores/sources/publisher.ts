import type { FetchOne } from '#edge/trust-stores/sources/fetch-list.ts'
import type { Bytes } from '#shared/bytes.ts'

/** What was asked of a publisher. */
export interface Asked {
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
}

/** A publisher behind the port of fetches: pages by address, as a test sets them. */
export interface Publisher {
  readonly fetch: FetchOne
  readonly asked: readonly Asked[]
  /** A list with an ETag of its own; asked about that one again it answers 304. */
  publish(address: string, octets: Bytes): void
  /** Whatever else it answers; thrown where it is an Error. */
  answer(address: string, answer: () => Response): void
}

export function createPublisher(): Publisher {
  const pages = new Map<string, (headers: Asked['headers']) => Response>()
  const asked: Asked[] = []
  let edition = 0
  return {
    asked,
    fetch: async ({ href }, headers) => {
      asked.push({ address: href, headers })
      return pages.get(href)?.(headers) ?? new Response(null, { status: 404 })
    },
    publish(address, octets) {
      edition += 1
      const etag = `"edition-${edition}"`
      pages.set(address, (headers) =>
        headers['if-none-match'] === etag
          ? new Response(null, { status: 304 })
          : new Response(octets, { headers: { etag } }),
      )
    },
    answer: (address, answer) => void pages.set(address, answer),
  }
}
