import { z } from 'zod'
import { headersSchema } from './inspect-headers.ts'
import { parseJson } from './json-text.ts'

const headersCase = z.object({
  id: z.string(),
  format: z.enum([
    'rfc9440',
    'aws-alb',
    'aws-alb-verify',
    'xfcc',
    'traefik',
    'nginx-escaped',
    'base64-der',
  ]),
  headers: headersSchema,
  /** Where the certificates are under names of the operator's own. */
  headerNames: z.object({ cert: z.string().optional(), chain: z.string().optional() }).optional(),
  /** XFCC: what stands in `Cert` and `Chain` is not looked at. */
  grammarOnly: z.boolean().optional(),
})

/** Headers of one request and the format they are in: a line of a batch. */
export type HeadersCase = z.infer<typeof headersCase>

/**
 * Reads one case from its JSON text; fields beside the question are passed over.
 *
 * @throws an Error that says what is wrong and where
 */
export function readHeadersCase(text: string): HeadersCase {
  const read = headersCase.safeParse(parseJson(text))
  if (read.success) return read.data
  throw new Error(z.prettifyError(read.error).replaceAll('\n', ' '))
}
