import type { Instant } from '#shared/time.ts'
import type { AuditEntry } from '../../../trust-stores/managed/audit-entry.ts'
import { changeSentence, outcomeSentence } from '../sentences.ts'
import { whenWords } from '../words.ts'
import { button, h } from './dom.ts'
import { timeOf } from './freshness-view.ts'

/** The audit log, latest first: each epoch that may be gone back to has its button. */
export function auditList(
  entries: readonly AuditEntry[],
  { now, epoch }: { readonly now: Instant; readonly epoch: number | undefined },
  rollBack: (epoch: number) => void,
): HTMLElement {
  return h(
    'ol',
    { class: 'audit' },
    entries.map((entry) =>
      h(
        'li',
        { class: entry.outcome.kind },
        h('p', {}, changeSentence(entry.change)),
        h(
          'p',
          { class: entry.outcome.kind === 'refused' ? 'bad' : 'muted' },
          outcomeSentence(entry),
        ),
        h(
          'p',
          { class: 'muted small' },
          `${entry.by}, ${whenWords(entry.at, now)}, `,
          timeOf(entry.at),
        ),
        rollBackControl(entry, epoch, rollBack),
      ),
    ),
  )
}

function rollBackControl(
  { outcome }: AuditEntry,
  current: number | undefined,
  rollBack: (epoch: number) => void,
): HTMLElement | undefined {
  if (outcome.kind !== 'made' || outcome.document === undefined) return undefined
  const { epoch } = outcome
  if (epoch === current) return h('p', { class: 'muted' }, 'In force')
  return button(`Roll back to epoch ${epoch}…`, () => rollBack(epoch), { id: `epoch-${epoch}` })
}
