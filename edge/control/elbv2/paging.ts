import { malformed, optionalNumber, optionalText } from './input.ts'
import type { QueryTree } from './query.ts'

/** One page, and where the next one begins. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextMarker: string | undefined
}

/** BOTO: `PageSize` is 1 to 400. */
const pageSizeMax = 400

/**
 * The page of `items` that `Marker` and `PageSize` ask for. A marker is the last item's own key, so
 * nothing is shown twice or left out where items are made or removed between two pages.
 *
 * @param items in the order of their keys
 * @param keyOf letters, digits and hyphens, in the order of text
 */
export function pageOf<Item>(
  input: QueryTree,
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Page<Item> {
  const size = optionalNumber(input, 'PageSize', [1, pageSizeMax]) ?? pageSizeMax
  const marker = optionalText(input, 'Marker') ?? ''
  if (!/^[\w-]{0,128}$/.test(marker)) throw malformed('Marker', 'the NextMarker of a page before')
  const rest = items.filter((item) => keyOf(item) > marker)
  const page = rest.slice(0, size)
  const last = page.at(-1)
  const hasMore = last !== undefined && rest.length > page.length
  return { items: page, nextMarker: hasMore ? keyOf(last) : undefined }
}

/** A number as text that is in order: milliseconds and ids have at most sixteen digits. */
export const orderly = (value: number): string => String(value).padStart(16, '0')
