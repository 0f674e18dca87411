import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { chance, pick, type Random } from '#simulator/random.ts'
import { contentOf, encode, encodeTree, type DerNode, type Edit } from './der-tree.ts'

/** A file of the corpus, taken apart once. */
export interface Document {
  readonly bytes: Bytes
  readonly nodes: readonly DerNode[]
  /** Every element, to choose from. */
  readonly all: readonly DerNode[]
}

type EditMaker = (random: Random, donor: Document) => Edit

const below = (random: Random, end: number) => Math.floor(random.next() * end)

/** Universal types of X.509, context tags, and tags that no reader should take. */
const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80,
  0x81, 0x82, 0x83, 0x86, 0x87, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0x00, 0x1f, 0x24, 0x3f, 0xff,
]

const octets = (...values: readonly number[]) => Uint8Array.from(values)
const repeated = (octet: number, length: number) => new Uint8Array(length).fill(octet)

/** Contents at the borders of their types: integers, times, identifiers, booleans, texts. */
const borders: readonly Bytes[] = [
  octets(),
  octets(0),
  octets(1),
  octets(0x7f),
  octets(0x80),
  octets(0xff),
  octets(0, 0x7f),
  octets(0, 0x80),
  octets(0xff, 0x7f),
  octets(0xff, 0xff),
  octets(0x7f, 0xff, 0xff, 0xff),
  octets(0x80, 0, 0, 0),
  octets(1, 0, 0, 0, 0),
  repeated(0x7f, 20),
  repeated(0xff, 21),
  repeated(0x01, 300),
  octets(0x2a, 0x80),
  octets(0x80, 0x01),
  concatBytes(octets(0x2a), repeated(0x81, 70), octets(0x01)),
  ...['000101000000Z', '491231235959Z', '500101000000Z', '230229000000Z', '240229000000Z'].map(
    toUtf8,
  ),
  ...['20491231235959Z', '99991231235959Z', '00000101000000Z', '20500101000000.5Z'].map(toUtf8),
  ...['2301010000Z', '230101000000+0000', '230132000000Z', '230101246060Z'].map(toUtf8),
  ...['\0', 'a\0b', '.', '*.', '-', 'a'.repeat(300), '@', 'http://', '\u{1F600}', 'ﷺ'].map(toUtf8),
]

/** Lengths as no DER has them: not minimal, indefinite, one off, far beyond the end. */
const lengthLies: readonly ((length: number) => Bytes)[] = [
  (length) => octets(0x81, length & 0xff),
  (length) => octets(0x82, (length >> 8) & 0xff, length & 0xff),
  (length) => octets(0x84, 0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff),
  (length) => octets(0x85, 0, 0, 0, (length >> 8) & 0xff, length & 0xff),
  () => octets(0x80),
  () => octets(0xff),
  () => octets(0x84, 0xff, 0xff, 0xff, 0xff),
  () => octets(0x84, 0x7f, 0xff, 0xff, 0xff),
  (length) => octets((length + 1) & 0x7f),
  (length) => octets((length - 1) & 0x7f),
]

/** Of what is repeated: beyond every bound on counts that a reader has, and quick to read all the same. */
const grownMax = 6000

const many = (self: Bytes, times: number) => Array.from({ length: times }, () => self)

/** What can be done to one element. */
const edits: readonly EditMaker[] = [
  () => () => octets(),
  () => (self) => concatBytes(self, self),
  (random) => {
    const times = pick(random, [2, 3, 17, 65, 257])
    return (self) => (self.length * times > grownMax ? self : concatBytes(...many(self, times)))
  },
  (random) => {
    const tag = chance(random, 0.8) ? pick(random, tags) : below(random, 256)
    return (self) => concatBytes(octets(tag), self.subarray(1))
  },
  (random) => {
    const lie = pick(random, lengthLies)
    return (self) => {
      const content = contentOf(self)
      return concatBytes(self.subarray(0, 1), lie(content.length), content)
    }
  },
  (random) => {
    const content = pick(random, borders)
    return (self) => encode(self[0] ?? 0, content)
  },
  (random) => {
    const content = pick(random, borders)
    return (self) => encode(self[0] ?? 0, concatBytes(contentOf(self), content))
  },
  (random, donor) => {
    const other = donor.all.length === 0 ? octets() : pick(random, donor.all).encoding
    return () => other
  },
  (random, donor) => {
    const other = donor.all.length === 0 ? octets() : pick(random, donor.all).encoding
    return (self) => concatBytes(self, other)
  },
  (random) => {
    const tag = pick(random, tags)
    return (self) => encode(tag, self)
  },
  () => contentOf,
  (random) => {
    const order = random.next()
    return (self, node) => reordered(self, node, order)
  },
  (random) => {
    const [at, bit] = [random.next(), 1 << below(random, 8)]
    return (self) => withOctet(self, Math.floor(at * self.length), (octet) => octet ^ bit)
  },
]

/** Children in another order: rotated by a share of their number. */
function reordered(self: Bytes, { tag, children, prefix }: DerNode, share: number): Bytes {
  if (children.length < 2) return self
  const by = 1 + Math.floor(share * (children.length - 1))
  const turned = [...children.slice(by), ...children.slice(0, by)]
  return encode(tag, concatBytes(prefix, encodeTree(turned)))
}

function withOctet(bytes: Bytes, at: number, change: (octet: number) => number): Bytes {
  const bent = bytes.slice()
  if (at < bent.length) bent[at] = change(bent[at] ?? 0)
  return bent
}

type ByteMutation = (bytes: Bytes, random: Random) => Bytes

/** What can be done to octets without knowing what they are. */
const byteMutations: readonly ByteMutation[] = [
  (bytes, random) => {
    const bit = 1 << below(random, 8)
    return withOctet(bytes, below(random, bytes.length), (octet) => octet ^ bit)
  },
  (bytes, random) => {
    const octet = pick(random, [0x00, 0x01, 0x1f, 0x30, 0x7f, 0x80, 0x84, 0xff])
    return withOctet(bytes, below(random, bytes.length), () => octet)
  },
  (bytes, random) => bytes.slice(0, below(random, bytes.length + 1)),
  (bytes, random) => {
    const at = below(random, bytes.length + 1)
    return concatBytes(bytes.subarray(0, at), octets(below(random, 256)), bytes.subarray(at))
  },
  (bytes, random) => {
    const [from, to] = [below(random, bytes.length), below(random, bytes.length)]
    return concatBytes(bytes.subarray(0, from), bytes.subarray(to))
  },
]

/** One to four changes to a document, most of them to its elements, some to its octets. */
export function mutateDer(document: Document, donor: Document, random: Random): Bytes {
  const chosen = new Map<DerNode, Edit>()
  const count = 1 + below(random, 4)
  let octetChanges = 0
  for (let change = 0; change < count; change += 1) {
    if (document.all.length === 0 || chance(random, 0.2)) octetChanges += 1
    else chosen.set(pick(random, document.all), pick(random, edits)(random, donor))
  }
  let bytes = chosen.size === 0 ? document.bytes : encodeTree(document.nodes, chosen)
  for (; octetChanges > 0; octetChanges -= 1) bytes = pick(random, byteMutations)(bytes, random)
  return bytes
}
