import type { Instant } from '#shared/time.ts'
import { issuerStates, worstOf, type IssuerState } from '../freshness.ts'
import { countWords, shareWords, whenWords } from '../words.ts'
import type { Api, EdgeSummary, StoreSummary } from './api.ts'
import { h } from './dom.ts'
import { badge, bar } from './freshness-view.ts'
import { certificatesOf } from './store-facts.ts'

/** A store with what is asked of it for the list of stores. */
interface Described {
  readonly store: StoreSummary
  readonly issuers: readonly IssuerState[]
  readonly revokedByWord: number
}

/** Everything of the first page, as it is now. */
export async function overview(api: Api, now: () => Instant): Promise<readonly HTMLElement[]> {
  const stores = await api.stores()
  const described: Described[] = []
  // One after the other: what did not change is not asked again.
  for (const store of stores) described.push(await describe(api, store, now()))
  return [
    h('h1', {}, 'Trust stores'),
    described.length === 0
      ? h(
          'p',
          { class: 'card' },
          'There is no trust store that your token is for. Make one with the API (POST /api/v1/trust-stores), the command sallyport trust-store create, or the AWS CLI.',
        )
      : h(
          'ul',
          { class: 'stores' },
          described.map((each) => storeCard(each, now())),
        ),
  ]
}

async function describe(api: Api, store: StoreSummary, now: Instant): Promise<Described> {
  if (store.head === undefined) return { store, issuers: [], revokedByWord: 0 }
  const document = await api.document(store.name, store.head.epoch)
  const issuers = issuerStates(document, await certificatesOf(api, document), now)
  return { store, issuers, revokedByWord: document.revoked.length }
}

function storeCard({ store, issuers, revokedByWord }: Described, now: Instant): HTMLElement {
  const { head, name } = store
  const link = h('a', { href: `#/stores/${name}`, id: `store-${name}` }, name)
  if (head === undefined) {
    return h(
      'li',
      { class: 'card' },
      h('h2', {}, link),
      h('p', {}, 'Its first CA bundle was not taken yet: nobody is let in.'),
    )
  }
  return h(
    'li',
    { class: 'card' },
    h(
      'div',
      { class: 'row between' },
      h('h2', {}, link),
      badge(worstOf(issuers.map(({ standing }) => standing))),
    ),
    h(
      'p',
      { class: 'muted' },
      `Epoch ${head.epoch}, changed ${whenWords(head.at, now)}. ${countWords(revokedByWord, 'certificate', 'certificates')} revoked by word.`,
    ),
    h(
      'ul',
      { class: 'glance' },
      issuers.map((issuer) =>
        h(
          'li',
          {},
          h('div', { class: 'row between' }, h('span', {}, issuer.name), badge(issuer.standing)),
          issuer.lists.map((state) => bar(state)),
        ),
      ),
    ),
  )
}

/** What the edge decided and how late it knows of a change; how to turn that on where it is off. */
export function edgeSection(edge: EdgeSummary): HTMLElement {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'edge-title' },
    h('h2', { id: 'edge-title' }, 'At the edge'),
    edgeContent(edge),
  )
}

function edgeContent(edge: EdgeSummary): readonly HTMLElement[] {
  switch (edge.kind) {
    case 'off':
      return [
        h(
          'p',
          {},
          'Decisions and the exposure window are shown here where this control plane knows the metrics page of an edge worker: set METRICS_PATH and the secret METRICS_TOKEN of the edge worker, and EDGE_METRICS_URL and the secret EDGE_METRICS_TOKEN here.',
        ),
      ]
    case 'unreachable':
      return [h('p', { class: 'warn' }, `The edge worker’s metrics page: ${edge.because}.`)]
    case 'counted':
      return [
        h('h3', {}, 'Exposure window'),
        exposureList(edge),
        h('h3', {}, 'Decisions by reason'),
        edge.decisions.length === 0
          ? h('p', {}, 'Nothing was decided yet.')
          : decisionsTable(edge.decisions),
        h('p', { class: 'muted small' }, 'Of the one isolate that answered, since it began.'),
      ]
  }
}

type Counted = Extract<EdgeSummary, { kind: 'counted' }>

function exposureList(edge: Counted): HTMLElement {
  const facts = [
    ['Bound on noticing a change', edge.maxStalenessSeconds],
    ['Oldest that a decision went by', edge.headAgeMaxSeconds],
    ['Longest from a change to its adoption', edge.adoptionMaxSeconds],
  ] as const
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, seconds]) =>
      h(
        'div',
        {},
        h('dt', {}, name),
        h('dd', {}, seconds === undefined ? 'not told' : `${seconds.toFixed(1)} s`),
      ),
    ),
  )
}

function decisionsTable(decisions: Counted['decisions']): HTMLElement {
  const total = decisions.reduce((sum, { count }) => sum + count, 0)
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Decisions by reason' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ['Outcome', 'Reason', 'Count', 'Share'].map(columnHead))),
      h(
        'tbody',
        {},
        decisions.map(({ outcome, reason, count }) =>
          h(
            'tr',
            {},
            h('td', { class: outcome === 'accepted' ? 'good' : 'bad' }, outcome),
            h('td', {}, h('code', {}, reason)),
            h('td', { class: 'number' }, count.toLocaleString('en')),
            h('td', { class: 'number' }, shareWords(count, total)),
          ),
        ),
      ),
    ),
  )
}

export const columnHead = (text: string): HTMLElement => h('th', { scope: 'col' }, text)
