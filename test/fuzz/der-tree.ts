import { concatBytes, type Bytes } from '#shared/bytes.ts'

/**
 * One element of something that may be DER: what mutations take apart. Read leniently and apart from
 * the reader under test. OCTET STRINGs and BIT STRINGs that hold DER are opened as well.
 */
export interface DerNode {
  readonly tag: number
  /** The whole element as it stands in its document. */
  readonly encoding: Bytes
  readonly parent: DerNode | undefined
  /** Content octets in front of the children: the unused-bits octet of a BIT STRING. */
  readonly prefix: Bytes
  /** None where the content is not made of elements. */
  readonly children: readonly DerNode[]
}

/** What stands in an element's place: made of its own encoding, nested changes included. */
export type Edit = (encoding: Bytes, node: DerNode) => Bytes

const nothing = new Uint8Array()

/** Deeper nesting than X.509 has is left as content. */
const depthMax = 24

/** The elements that octets consist of; undefined where they are not elements from end to end. */
export function readTree(bytes: Bytes, parent?: DerNode, depth = 0): DerNode[] | undefined {
  const nodes: DerNode[] = []
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes, at)
    if (header === undefined) return undefined
    const encoding = bytes.subarray(at, header.end)
    nodes.push(nodeOf(encoding, header.start - at, parent, depth))
    at = header.end
  }
  return nodes
}

function readHeader(bytes: Bytes, at: number): { start: number; end: number } | undefined {
  const first = bytes[at + 1]
  if (first === undefined || ((bytes[at] ?? 0) & 0x1f) === 0x1f) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  if (count > 4) return undefined
  let length = first < 0x80 ? first : 0
  for (let index = 0; index < count; index += 1)
    length = length * 256 + (bytes[at + 2 + index] ?? 0)
  const start = at + 2 + count
  return start + length <= bytes.length ? { start, end: start + length } : undefined
}

function nodeOf(
  encoding: Bytes,
  start: number,
  parent: DerNode | undefined,
  depth: number,
): DerNode {
  const [tag = 0, content] = [encoding[0], encoding.subarray(start)]
  const children: DerNode[] = []
  const isBits = tag === 0x03
  const prefix = isBits ? content.subarray(0, 1) : nothing
  const node: DerNode = { tag, encoding, parent, prefix, children }
  const mayNest = (tag & 0x20) !== 0 || ((isBits || tag === 0x04) && content.length > 2)
  if (mayNest && depth < depthMax) {
    children.push(...(readTree(content.subarray(prefix.length), node, depth + 1) ?? []))
  }
  return node
}

/** Every element, outermost first. */
export function flatten(nodes: readonly DerNode[]): DerNode[] {
  return nodes.flatMap((node) => [node, ...flatten(node.children)])
}

/** The elements with their edits made, lengths above them put right; the rest as it stands. */
export function encodeTree(
  nodes: readonly DerNode[],
  edits: ReadonlyMap<DerNode, Edit> = new Map(),
): Bytes {
  const touched = new Set<DerNode>()
  for (const edited of edits.keys()) {
    for (let node: DerNode | undefined = edited; node !== undefined; node = node.parent) {
      touched.add(node)
    }
  }
  return encodeNodes(nodes, edits, touched)
}

function encodeNodes(
  nodes: readonly DerNode[],
  edits: ReadonlyMap<DerNode, Edit>,
  touched: ReadonlySet<DerNode>,
): Bytes {
  return concatBytes(...nodes.map((node) => encodeNode(node, edits, touched)))
}

function encodeNode(
  node: DerNode,
  edits: ReadonlyMap<DerNode, Edit>,
  touched: ReadonlySet<DerNode>,
): Bytes {
  const { tag, prefix, children, encoding } = node
  if (!touched.has(node)) return encoding
  const isChanged = children.some((child) => touched.has(child))
  const changed = isChanged
    ? encode(tag, concatBytes(prefix, encodeNodes(children, edits, touched)))
    : encoding
  const edit = edits.get(node)
  return edit === undefined ? changed : edit(changed, node)
}

/** One element in DER. */
export function encode(tag: number, content: Bytes): Bytes {
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(content.length)), content)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
}

/** Content octets of an encoding that `encode` made. */
export function contentOf(encoding: Bytes): Bytes {
  const header = readHeader(encoding, 0)
  return header === undefined ? encoding : encoding.subarray(header.start, header.end)
}
