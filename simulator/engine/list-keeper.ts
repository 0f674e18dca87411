import type { Bytes } from '#shared/bytes.ts'
import type { ListFault } from '../scenario/edge-faults.ts'

/** The published lists that a fault needs: the first of each name, and the last. */
export interface ListKeeper {
  keep(name: string, octets: Bytes): void
  /** What lies in the trust store while a fault lasts, and after it. */
  under(
    fault: ListFault,
    stage: 'begins' | 'ends',
  ): readonly { readonly name: string; readonly octets: Bytes }[]
}

interface Kept {
  readonly first: Bytes
  readonly last: Bytes
}

export function createListKeeper(): ListKeeper {
  const kept = new Map<string, Kept>()
  return {
    keep(name, last) {
      kept.set(name, { first: kept.get(name)?.first ?? last, last })
    },
    under: (fault, stage) =>
      [...kept].map(([name, lists]) => ({
        name,
        octets: stage === 'begins' ? damaged(fault, lists) : lists.last,
      })),
  }
}

function damaged(fault: ListFault, { first, last }: Kept): Bytes {
  switch (fault) {
    case 'crl.rollback':
      return first
    case 'crl.truncated':
      return last.slice(0, Math.floor(last.length / 2))
  }
}
