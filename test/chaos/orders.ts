/** What a worker is told to suffer from now on. */
export interface Fault {
  /** How far its clock is ahead of the machine's. */
  readonly forwardMs?: number
  /**
   * Reads of the bucket: all or every third of them broken, or slower by so many milliseconds; `large`:
   * those of large objects, such as shards of lists, broken.
   */
  readonly bucket?: Hindrance | 'large'
  /** Questions to the control plane. */
  readonly feed?: Hindrance
}

/** Octets of a large object: a shard has more, and a document with a thousand serials or a manifest less. */
export const largeOctets = 200 * 1024

export type Hindrance = 'broken' | 'flaky' | number

/** Bears an order, in its body. */
export const chaosHeader = 'x-chaos'

/** Bears many devices, each as `request.cf`, in its body. */
export const probesHeader = 'x-chaos-probes'

/** What is read of an answer of the edge: a device, or the code of a refusal. */
export interface ProbeAnswer {
  readonly device?: object
  readonly code?: string
}
