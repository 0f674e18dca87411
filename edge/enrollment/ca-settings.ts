import { readObject, readText, readWord, type Report } from '#shared/authorization/read-document.ts'
import { clientAuth, serverAuth } from '#shared/enrollment/profile.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { entriesOf, readBundle, readPem } from './setting-fields.ts'
import { importAuthority, type Authority } from './signers/authority.ts'
import type { Template } from './signers/certificate.ts'
import { readStepCaKey, type StepCaKey } from './signers/step-ca-token.ts'

/** A CA, and how it is asked. */
export type CaSettings = CommonCa &
  (
    | { readonly kind: 'key'; readonly authority: Authority; readonly template: Template }
    | {
        readonly kind: 'step-ca'
        readonly url: string
        readonly provisioner: string
        readonly key: StepCaKey
      }
    | {
        readonly kind: 'est'
        readonly url: string
        readonly user: string
        readonly password: string
      }
  )

interface CommonCa {
  readonly name: string
  /** What `cacerts` hands out: the issuing CA first; at a rollover old and new roots. */
  readonly certificates: readonly Certificate[]
}

/**
 * The CAs by their names, each with its secret of the same name. A CA that is wrong is left out, and
 * every fault is reported at its place.
 *
 * @param secrets `ENROLLMENT_KEYS`, as it was parsed
 */
export async function readCas(
  value: unknown,
  secrets: object,
  report: Report,
): Promise<ReadonlyMap<string, CaSettings>> {
  const cas = new Map<string, CaSettings>()
  for (const [name, entry] of entriesOf(value, 'cas', report)) {
    const secret: unknown = new Map<string, unknown>(Object.entries(secrets)).get(name)
    const ca = await readCa(entry, { name, key: `cas.${name}`, secret, report })
    if (ca !== undefined) cas.set(name, ca)
  }
  return cas
}

interface ReadingCa {
  readonly name: string
  readonly key: string
  readonly secret: unknown
  readonly report: Report
}

const caFields = [
  'kind',
  'certificates',
  'crlUrl',
  'purposes',
  'url',
  'provisioner',
  'user',
] as const

type CaFields = Readonly<Partial<Record<(typeof caFields)[number], unknown>>>

async function readCa(entry: unknown, reading: ReadingCa): Promise<CaSettings | undefined> {
  const { key, report, secret } = reading
  const fields = readObject(entry, key, caFields, report)
  const kind = readWord(fields.kind, `${key}.kind`, ['key', 'step-ca', 'est'], report)
  if (typeof secret !== 'string' || secret === '') {
    report(key, `its secret in ENROLLMENT_KEYS: a text under the name ${reading.name}`)
    return undefined
  }
  switch (kind) {
    case 'key':
      return readKeyCa(fields, secret, reading)
    case 'step-ca':
      return readStepCa(fields, secret, reading)
    case 'est':
      return readEstCa(fields, secret, reading)
    case undefined:
      return undefined
  }
}

async function readKeyCa(
  fields: CaFields,
  secret: string,
  { name, key, report }: ReadingCa,
): Promise<CaSettings | undefined> {
  const pem = readPem(fields.certificates, `${key}.certificates`, report)
  if (pem === undefined) return undefined
  const authority = await importAuthority(pem, secret)
  if (!authority.ok) {
    report(`${key}.certificates`, authority.error)
    return undefined
  }
  const { certificate, others } = authority.value
  const template = {
    purposes: readPurposes(fields.purposes, `${key}.purposes`, report),
    crlUrl: readCrlUrl(fields.crlUrl, `${key}.crlUrl`, report),
  }
  const certificates = [certificate, ...others]
  return { kind: 'key', name, certificates, authority: authority.value, template }
}

const purposeWords = { clientAuth, serverAuth } as const

function readPurposes(value: unknown, key: string, report: Report): readonly string[] {
  if (value === undefined) return [clientAuth]
  const words = ['clientAuth', 'serverAuth'] as const
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const found = list.map((each) => readWord(each, key, words, report))
  if (!found.includes('clientAuth')) report(key, 'clientAuth among them: devices are let in by it')
  return found.filter((each) => each !== undefined).map((each) => purposeWords[each])
}

/** RFC 5280 4.2.1.13, 8: a list that has to be fetched over TLS may need itself. */
function readCrlUrl(value: unknown, key: string, report: Report): string | undefined {
  if (value === undefined) return undefined
  const text = readText(value, key, report)
  if (text !== undefined && /^http:[\x21-\x7e]+$/.test(text) && URL.canParse(text)) return text
  report(key, 'an http: URL of ASCII characters')
  return undefined
}

async function readStepCa(
  fields: CaFields,
  secret: string,
  { name, key, report }: ReadingCa,
): Promise<CaSettings | undefined> {
  const provisioner = readText(fields.provisioner, `${key}.provisioner`, report)
  const url = readUrl(fields.url, `${key}.url`, report)
  const certificates = readBundle(fields.certificates, `${key}.certificates`, report)
  const imported = await readStepCaKey(secret)
  if (!imported.ok) report(key, `in ENROLLMENT_KEYS ${imported.error}`)
  if (provisioner === undefined || url === undefined || certificates.length === 0) return undefined
  if (!imported.ok) return undefined
  return { kind: 'step-ca', name, certificates, url, provisioner, key: imported.value }
}

function readEstCa(
  fields: CaFields,
  password: string,
  { name, key, report }: ReadingCa,
): CaSettings | undefined {
  const user = readText(fields.user, `${key}.user`, report)
  const url = readUrl(fields.url, `${key}.url`, report)
  const certificates = readBundle(fields.certificates, `${key}.certificates`, report)
  if (user?.includes(':') === true) report(`${key}.user`, 'no colon in it (RFC 7617 section 2)')
  if (user === undefined || url === undefined || certificates.length === 0) return undefined
  return { kind: 'est', name, certificates, url, user, password }
}

/** Tokens and passwords go there: nobody may read along. Without the slash at its end. */
function readUrl(value: unknown, key: string, report: Report): string | undefined {
  const text = readText(value, key, report)
  if (text !== undefined && text.startsWith('https://') && URL.canParse(text)) {
    return text.replace(/\/+$/, '')
  }
  report(key, 'an https: URL')
  return undefined
}
