import type { Instant } from '#shared/time.ts'
import type { Finding } from '../../../trust-stores/findings/finding.ts'
import type { StoreDocument } from '../../../trust-stores/managed/document.ts'
import type { StoreChange } from '../../../trust-stores/managed/audit-entry.ts'
import type { Source } from '../../../trust-stores/sources/source.ts'
import { issuerStates, nameOf } from '../freshness.ts'
import type { NamedCertificate } from '../named-certificates.ts'
import { rollBackSentences, sourceSentences } from '../sentences.ts'
import { countWords, whenWords } from '../words.ts'
import type { Api, StoreSummary } from './api.ts'
import { auditList } from './audit-view.ts'
import { confirmed, type Question } from './confirm.ts'
import { button, fill, h } from './dom.ts'
import { issuerItem, timeOf } from './freshness-view.ts'
import { revokeForm } from './revoke-form.ts'
import { certificatesOf } from './store-facts.ts'

/** What the page of a store needs of the page around it. */
export interface StorePageContext {
  readonly api: Api
  readonly now: () => Instant
  /** Carries something out, tells how it went, and refreshes: true where it was done. */
  readonly act: (does: () => Promise<string>) => Promise<boolean>
}

/** A page that may be drawn again over itself. */
export interface Page {
  readonly elements: readonly HTMLElement[]
  refresh(): Promise<void>
}

const auditPage = 20
/** The API's own bound of one page. */
const auditMax = 1000
const revokedShown = 50

/** One trust store: what it says, what will break, what was done, and what an operator may do. */
export function storePage(name: string, context: StorePageContext): Page {
  const { api, now } = context
  let auditLimit = auditPage
  const [summary, issuers, findings, sources] = [div(), div(), div(), div()]
  const [revoked, audit] = [div(), div()]
  const form = revokeForm({
    revoke: (certificates, reason) => revoke(name, certificates, reason, context),
    restore: (certificates) => restore(name, certificates, context),
  })
  const more = button('Show older', () => {
    auditLimit = Math.min(auditMax, auditLimit * 5)
    void context.act(async () => 'Older entries are shown.')
  })
  const drawAudit = async (epoch: number | undefined): Promise<void> => {
    const entries = await api.audit(name, auditLimit)
    const back = (to: number): void => void rollBack(name, to, context)
    fill(audit, auditList(entries, { now: now(), epoch }, back))
    more.hidden = entries.length < auditLimit || auditLimit === auditMax
  }
  return {
    elements: [
      h('p', {}, h('a', { href: '#/' }, 'All trust stores')),
      h('h1', {}, name),
      summary,
      section('issuers', 'Freshness per issuer', issuers),
      section('findings', 'Findings', findings),
      section('sources', 'Sources of lists', sources),
      section('revoke', 'One certificate', form.element),
      section('revoked', 'Revoked by word', revoked),
      section('audit', 'Updates and refusals', audit, more),
    ],
    async refresh() {
      const store = await storeOf(name, api)
      const { head } = store
      fill(summary, summaryOf(store, now()))
      await drawAudit(head?.epoch)
      fill(findings, findingsOf(await api.findings(name), now()))
      fill(sources, sourcesOf(await api.sources(name), now()))
      if (head === undefined) return
      const document = await api.document(name, head.epoch)
      const states = issuerStates(document, await certificatesOf(api, document), now())
      fill(
        issuers,
        h(
          'ul',
          { class: 'issuers' },
          states.map((each) => issuerItem(each, now())),
        ),
      )
      form.tell(states)
      const back = (certificate: NamedCertificate): void =>
        void restore(name, [certificate], context)
      fill(revoked, revokedContent(document, back))
    },
  }
}

const div = (): HTMLElement => h('div')

function section(id: string, title: string, ...content: readonly HTMLElement[]): HTMLElement {
  const labelledby = `${id}-title`
  return h(
    'section',
    { class: 'card', 'aria-labelledby': labelledby },
    h('h2', { id: labelledby }, title),
    content,
  )
}

async function storeOf(name: string, api: Api): Promise<StoreSummary> {
  const found = (await api.stores()).find((store) => store.name === name)
  if (found === undefined) throw new Error(`there is no trust store ${name} that your token is for`)
  return found
}

function summaryOf({ head }: StoreSummary, now: Instant): HTMLElement {
  if (head === undefined) return h('p', {}, 'Its first CA bundle was not taken yet.')
  return h(
    'p',
    { class: 'muted' },
    `Epoch ${head.epoch}, changed ${whenWords(head.at, now)}, `,
    timeOf(head.at),
  )
}

function findingsOf(findings: readonly Finding[], now: Instant): HTMLElement {
  if (findings.length === 0) return h('p', {}, 'Nothing is wrong, and nothing soon will be.')
  return h(
    'ul',
    { class: 'findings' },
    findings.map(({ severity, subject, at, because, advice, code }) =>
      h(
        'li',
        {},
        h(
          'div',
          { class: 'row between' },
          h('h3', {}, subject),
          h('span', { class: `badge ${severity}` }, severity),
        ),
        h('p', {}, because),
        h('p', {}, advice),
        h(
          'p',
          { class: 'muted small' },
          h('code', {}, code),
          `, ${whenWords(at, now)}, `,
          timeOf(at),
        ),
      ),
    ),
  )
}

function sourcesOf(sources: readonly Source[], now: Instant): HTMLElement {
  if (sources.length === 0) {
    return h('p', {}, 'None: lists come by upload alone, and nobody fetches the next one.')
  }
  return h(
    'ul',
    { class: 'audit' },
    sources.map((source) =>
      h(
        'li',
        {},
        h('p', {}, `Source ${source.id}: `, h('code', {}, source.location)),
        sourceSentences(source, now).map(({ words, isFault }) =>
          h('p', { class: isFault ? 'bad' : 'muted' }, words),
        ),
      ),
    ),
  )
}

function revokedContent(
  { revoked }: StoreDocument,
  restoreOne: (certificate: NamedCertificate) => void,
): readonly HTMLElement[] {
  if (revoked.length === 0)
    return [h('p', {}, 'No certificate is revoked by word: lists alone decide.')]
  const newest = revoked.toSorted((a, b) => b.since - a.since).slice(0, revokedShown)
  const rows = newest.map(({ issuer, serial, since, reason }) =>
    h(
      'li',
      {},
      h('p', {}, h('code', {}, serial), ` ${reason}`),
      h('p', { class: 'muted small' }, `${nameOf(issuer)}, since `, timeOf(since)),
      button('Restore…', () => restoreOne({ issuer, serial, subject: undefined, isCa: false }), {
        id: `restore-${serial}`,
        'aria-label': `Restore ${serial}…`,
      }),
    ),
  )
  const rest = revoked.length - newest.length
  return [
    h('ul', { class: 'audit' }, rows),
    ...(rest > 0
      ? [h('p', { class: 'muted' }, `and ${rest.toLocaleString('en')} earlier ones`)]
      : []),
  ]
}

/** Of the certificates in a question the rest is a number. */
const namedMax = 10

function certificateList(certificates: readonly NamedCertificate[]): HTMLElement {
  const rest = certificates.length - namedMax
  return h(
    'ul',
    {},
    certificates
      .slice(0, namedMax)
      .map(({ issuer, serial, subject }) =>
        h(
          'li',
          {},
          h('code', {}, serial),
          ` of ${nameOf(issuer)}${subject === undefined ? '' : ` (${subject})`}`,
        ),
      ),
    rest > 0 ? h('li', {}, `and ${rest} more`) : undefined,
  )
}

async function revoke(
  store: string,
  certificates: readonly NamedCertificate[],
  reason: string,
  context: StorePageContext,
): Promise<boolean> {
  const serials = certificates.map(({ issuer, serial }) => ({ issuer, serial, reason }))
  const withCa = certificates.some(({ isCa }) => isCa)
  return changed(store, { kind: 'revoke_serials', serials }, context, {
    title: `Revoke ${countOf(certificates)}?`,
    says: [
      certificateList(certificates),
      withCa
        ? h('p', { class: 'bad' }, 'A CA is among them: every device below it will be refused.')
        : undefined,
      h(
        'p',
        {},
        'Every edge worker refuses it within its MAX_STALENESS (5 seconds unless you set another), open sessions too. You can take that back.',
      ),
    ],
    verb: 'Revoke',
    // Who pastes a whole chain means the device alone: that takes more than a click.
    ...(withCa && { word: store }),
  })
}

async function restore(
  store: string,
  certificates: readonly NamedCertificate[],
  context: StorePageContext,
): Promise<boolean> {
  const serials = certificates.map(({ issuer, serial }) => ({ issuer, serial }))
  return changed(store, { kind: 'restore_serials', serials }, context, {
    title: `Restore ${countOf(certificates)}?`,
    says: [
      certificateList(certificates),
      h('p', {}, 'It is let in again, unless a revocation list names it. Lists stay as they are.'),
    ],
    verb: 'Restore',
  })
}

const countOf = (certificates: readonly NamedCertificate[]): string =>
  countWords(certificates.length, 'certificate', 'certificates')

async function rollBack(store: string, epoch: number, context: StorePageContext): Promise<void> {
  const { api } = context
  let sentences: readonly string[] = []
  const known = await context.act(async () => {
    const { head } = await storeOf(store, api)
    if (head === undefined) throw new Error('the store has no epoch in force')
    const [now, then] = [await api.document(store, head.epoch), await api.document(store, epoch)]
    sentences = rollBackSentences(now, then)
    return ''
  })
  if (!known) return
  await changed(store, { kind: 'roll_back', epoch }, context, {
    title: `Roll ${store} back to epoch ${epoch}?`,
    says: [
      h(
        'ul',
        {},
        sentences.map((sentence) => h('li', {}, sentence)),
      ),
      h('p', {}, 'It becomes a new epoch, which every edge worker takes within its MAX_STALENESS.'),
    ],
    verb: 'Roll back',
    word: store,
  })
}

async function changed(
  store: string,
  change: StoreChange,
  { api, act }: StorePageContext,
  question: Question,
): Promise<boolean> {
  if (!(await confirmed(question))) return false
  return act(async () => {
    const { epoch } = await api.change(store, change)
    return `Done: ${store} is at epoch ${epoch}.`
  })
}
