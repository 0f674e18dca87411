import { z } from 'zod'
import { fromBase64, type Bytes } from '#shared/bytes.ts'
import type { Item } from './item.ts'
import { parseJson } from '../json-text.ts'

/** DER in base64, or one PEM block. */
const encoded = z.string().transform((text, context): Bytes => {
  const [der, ...more] = dersOf(text)
  if (der !== undefined && more.length === 0) return der
  context.addIssue({ code: 'custom', message: 'expected base64 of DER, or one PEM block' })
  return z.NEVER
})

/** The same of a chain: a list, or PEM blocks in one text. */
const encodedChain = z
  .union([z.array(z.string()), z.string()])
  .transform((value, context): readonly Bytes[] => {
    const texts = typeof value === 'string' ? [value] : value
    const ders = texts.map(dersOf)
    if (ders.length > 0 && ders.every((each) => each.length > 0)) return ders.flat()
    context.addIssue({ code: 'custom', message: 'expected base64 of DER, or PEM blocks' })
    return z.NEVER
  })

/** What a line holds; without a name of its own it has its place. */
type LineItem = Omit<Item, 'id' | 'file' | 'line'> & { readonly id?: string | undefined }

const line = z
  .object({
    id: z
      .union([z.string(), z.number()], { error: 'expected a text or a number' })
      .transform(String)
      .optional(),
    csr: encoded.optional(),
    certificate: encoded.optional(),
    chain: encodedChain.optional(),
  })
  .transform(({ id, csr, certificate, chain }, context): LineItem => {
    const given = [csr, certificate, chain].filter((each) => each !== undefined)
    if (given.length !== 1) {
      context.addIssue({ code: 'custom', message: 'expected one of csr, certificate and chain' })
      return z.NEVER
    }
    if (csr !== undefined) return { id, kind: 'request', ders: [csr] }
    if (certificate !== undefined) return { id, kind: 'certificate', ders: [certificate] }
    return { id, kind: 'chain', ders: chain ?? [] }
  })

/**
 * One line of a factory's output: `{"id"?, "csr" | "certificate" | "chain"}`. Other fields are passed over.
 *
 * @throws an Error that says what is wrong and where
 */
export function readLine(text: string): LineItem {
  const read = line.safeParse(parseJson(text))
  if (read.success) return read.data
  const issues = read.error.issues.map(({ path, message }) => {
    return `${path.length === 0 ? 'the line' : path.join('.')}: ${message}`
  })
  throw new Error(issues.join('; '))
}

const fences = /-----(?:BEGIN|END) [A-Z0-9 ]{1,64}-----/g

/** DER of bare base64, or of each PEM block; none where there is something else. */
function dersOf(text: string): readonly Bytes[] {
  const parts = text.includes('-----') ? text.split(fences) : [text]
  const bodies = parts.map((part) => part.replaceAll(/\s/g, '')).filter((body) => body !== '')
  const ders = bodies.map(fromBase64)
  return ders.every((der) => der !== undefined && der.length > 0)
    ? ders.filter((der) => der !== undefined)
    : []
}
