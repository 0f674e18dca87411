/** What a worker is told to suffer from now on. */
export interface Fault {
  /** How far its clock is ahead of the machine's. */
  readonly forwardMs?: number
  /** Reads of the bucket: all or every third of them broken, or slower by so many milliseconds. */
  readonly bucket?: Hindrance
  /** Questions to the control plane. */
  readonly feed?: Hindrance
}

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
