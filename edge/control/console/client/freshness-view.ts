import type { Instant } from '#shared/time.ts'
import type { IssuerState, ListState, Standing } from '../freshness.ts'
import { listTitle, listWords, percent, standingWords, utcWords, whenWords } from '../words.ts'
import { h } from './dom.ts'

/** A standing in a word, with its colour beside it. */
export function badge(standing: Standing): HTMLElement {
  return h('span', { class: `badge ${standing}` }, standingWords[standing])
}

/** One issuer with its lists, each as a bar from its thisUpdate to its nextUpdate. */
export function issuerItem(issuer: IssuerState, now: Instant): HTMLElement {
  const { caEndsAt } = issuer
  return h(
    'li',
    { class: 'issuer' },
    h('div', { class: 'row between' }, h('h3', {}, issuer.name), badge(issuer.standing)),
    issuer.lists.length === 0
      ? h(
          'p',
          { class: 'muted' },
          'No revocation list of it is in force: where its certificates are asked about, devices are refused, unless CRL_ABSENT says otherwise.',
        )
      : issuer.lists.map((list) => listItem(list, now)),
    caEndsAt === undefined
      ? h('p', { class: 'muted' }, 'The store has no certificate of it: devices have to send it.')
      : h(
          'p',
          { class: caEndsAt < now ? 'bad' : 'muted' },
          `Its certificate ${caEndsAt < now ? 'ended' : 'ends'} ${whenWords(caEndsAt, now)}, `,
          timeOf(caEndsAt),
        ),
  )
}

function listItem(state: ListState, now: Instant): HTMLElement {
  const { list, standing } = state
  return h(
    'div',
    { class: 'list' },
    h('p', {}, listTitle(list)),
    bar(state),
    h(
      'p',
      { class: 'row between muted small' },
      h('span', {}, 'thisUpdate ', timeOf(list.thisUpdate)),
      h('span', {}, 'nextUpdate ', timeOf(list.nextUpdate)),
    ),
    h('p', { class: standing === 'fresh' ? '' : 'warn' }, listWords(state, now)),
  )
}

/** How much of a list's life is gone: said in words beside it too. */
export function bar({ standing, gone }: ListState): HTMLElement {
  const filled = h('span', { class: 'gone' })
  filled.style.setProperty('--gone', percent(gone).replace(' ', ''))
  return h(
    'div',
    {
      class: `bar ${standing}`,
      role: 'img',
      'aria-label': `${standingWords[standing]}: ${percent(gone)} of the time to its nextUpdate is gone`,
    },
    filled,
  )
}

/** An instant as it is, in UTC, for whoever compares logs. */
export function timeOf(at: Instant): HTMLElement {
  return h('time', { datetime: new Date(at).toISOString() }, utcWords(at))
}
