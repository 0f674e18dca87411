import type { Instant } from '#shared/time.ts'
import {
  listsInForce,
  type BundleEntry,
  type ListEntry,
  type RevokedSerial,
  type StoreDocument,
} from '../../trust-stores/managed/document.ts'
import type { AuditEntry, StoreChange } from '../../trust-stores/managed/audit-entry.ts'
import type { Source } from '../../trust-stores/sources/source.ts'
import { nameOf } from './freshness.ts'
import { countWords, shortHash, spanWords, whenWords } from './words.ts'

/** Of a longer row of serials the rest is a number: a change may have a thousand. */
const shownMax = 5

/** What was asked for, as one would tell it. */
export function changeSentence(change: AuditEntry['change']): string {
  switch (change.kind) {
    case 'replace_bundle':
      return `CA bundle replaced by ${shortHash(change.file)}`
    case 'replace_intermediates':
      return change.file === undefined
        ? 'Intermediates removed'
        : `Intermediates replaced by ${shortHash(change.file)}`
    case 'add_lists':
      return addedSentence(change)
    case 'remove_lists':
      return `${change.ids.length === 1 ? 'List' : 'Lists'} ${someOf(change.ids.map(String))} removed`
    case 'revoke_serials':
      return `Revoked ${someOf(change.serials.map(({ serial }) => serial))}`
    case 'restore_serials':
      return `Restored ${someOf(change.serials.map(({ serial }) => serial))}`
    case 'roll_back':
      return `Rolled back to epoch ${change.epoch}`
    case 'delete':
      return 'Trust store deleted'
    case 'add_source':
      return `Source ${change.source} added: ${change.location}`
    case 'remove_source':
      return `Source ${change.source} removed: ${change.location}`
    default:
      return laterChange(change)
  }
}

/** A page that was open during an upgrade may meet a change that it does not know yet. */
function laterChange(change: { readonly kind: string }): string {
  return change.kind.replaceAll('_', ' ')
}

function addedSentence({
  lists,
  removing = [],
}: Extract<StoreChange, { kind: 'add_lists' }>): string {
  const sources = [...new Set(lists.map(({ source }) => source))]
  const shrunk = lists.some(({ shrink }) => shrink === 'accept')
  return [
    `${countWords(lists.length, 'revocation list', 'revocation lists')} added from ${someOf(sources)}`,
    ...(shrunk ? ['with the word that entries may be lost'] : []),
    ...(removing.length > 0 ? [`${someOf(removing.map(String))} removed`] : []),
  ].join(', ')
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, shownMax).join(', ')
  const more = names.length - shownMax
  return more > 0 ? `${shown} and ${more.toLocaleString('en')} more` : shown
}

/** What came of it. */
export function outcomeSentence({ outcome }: Pick<AuditEntry, 'outcome'>): string {
  if (outcome.kind === 'made') return `Epoch ${outcome.epoch}`
  if (outcome.kind === 'done') return 'Done'
  const { refusal } = outcome
  const file = refusal.file === undefined ? '' : ` (file ${shortHash(refusal.file)}, kept)`
  return `Refused, ${refusal.code}: ${refusal.because}${file}`
}

/** What came of a source the last time, and when it is asked again. */
export function sourceSentences(
  source: Pick<Source, 'lastFailure' | 'lastOutcome' | 'failures' | 'nextAt' | 'everyMs'>,
  now: Instant,
): readonly { readonly words: string; readonly isFault: boolean }[] {
  const { lastFailure, lastOutcome, failures, nextAt, everyMs } = source
  const next = nextAt <= now ? 'due now' : whenWords(nextAt, now)
  return [
    ...(lastFailure === undefined
      ? []
      : [
          {
            words: `Not fetched ${whenWords(lastFailure.at, now)}, ${countWords(failures, 'time', 'times')} in a row: ${lastFailure.because}`,
            isFault: true,
          },
        ]),
    ...(lastOutcome === undefined ? [] : [outcomeOfSource(lastOutcome, now)]),
    { words: `Asked every ${spanWords(everyMs)}, next ${next}`, isFault: false },
  ]
}

function outcomeOfSource(outcome: NonNullable<Source['lastOutcome']>, now: Instant) {
  const when = whenWords(outcome.at, now)
  if (outcome.kind === 'taken') {
    return { words: `Taken ${when}, in force by epoch ${outcome.epoch}`, isFault: false }
  }
  const { code, because } = outcome.refusal
  return { words: `Refused ${when}, ${code}: ${because}`, isFault: true }
}

/** What going back to an earlier document would do, a sentence each; that nothing would change otherwise. */
export function rollBackSentences(now: StoreDocument, then: StoreDocument): readonly string[] {
  const sentences = [
    ...serialSentences(now.revoked, then.revoked),
    ...listSentences(listsInForce(now), listsInForce(then)),
    ...bundleSentences(now, then),
  ]
  return sentences.length > 0
    ? sentences
    : ['Nothing changes: that epoch says what is in force now.']
}

function serialSentences(
  now: readonly RevokedSerial[],
  then: readonly RevokedSerial[],
): readonly string[] {
  const [letIn, locked] = [missing(now, then, serialKey), missing(then, now, serialKey)]
  return [
    ...(letIn.length > 0
      ? [
          `${countWords(letIn.length, 'certificate', 'certificates')} revoked by word will be let in again, unless a list names them: ${someOf(letIn.map(({ serial }) => serial))}.`,
        ]
      : []),
    ...(locked.length > 0
      ? [
          `${countWords(locked.length, 'certificate', 'certificates')} will be revoked by word again: ${someOf(locked.map(({ serial }) => serial))}.`,
        ]
      : []),
  ]
}

function listSentences(now: readonly ListEntry[], then: readonly ListEntry[]): readonly string[] {
  return [
    ...missing(now, then, file).map((list) => goneSentence(list, then)),
    ...missing(then, now, file).map((list) => `${listName(list)} will be in force again.`),
  ]
}

/** With an earlier list in its place revocations are forgotten; with none nobody is cleared. */
function goneSentence(list: ListEntry, then: readonly ListEntry[]): string {
  const hasOther = then.some(({ issuer }) => issuer === list.issuer)
  const meaning = hasOther
    ? 'what it alone revokes is let in again'
    : 'with no list of its issuer, devices are refused, unless CRL_ABSENT says otherwise'
  return `${listName(list)} will no longer be in force: ${meaning}.`
}

const file = (list: ListEntry): string => list.file

function listName({ id, issuer, number, entries }: ListEntry): string {
  const numbered = number === undefined ? '' : `, number ${number}`
  return `List ${id} of ${nameOf(issuer)}${numbered} (${countWords(entries, 'entry', 'entries')})`
}

function bundleSentences(now: StoreDocument, then: StoreDocument): readonly string[] {
  const [before, after] = [now.intermediates, then.intermediates]
  return [
    ...(now.bundle.file === then.bundle.file
      ? []
      : [
          `The CA bundle will be the earlier one: ${counted(then.bundle)} for ${counted(now.bundle)}.`,
        ]),
    ...(before?.file === after?.file
      ? []
      : [`The intermediates will be the earlier ones: ${counted(after)} for ${counted(before)}.`]),
  ]
}

const counted = (entry: BundleEntry | undefined): string =>
  entry === undefined ? 'none' : countWords(entry.certificates, 'certificate', 'certificates')

const serialKey = ({ issuer, serial }: RevokedSerial): string => `${issuer} ${serial}`

/** What is in the first and not in the second. */
function missing<Entry>(
  first: readonly Entry[],
  second: readonly Entry[],
  key: (entry: Entry) => string,
): readonly Entry[] {
  const there = new Set(second.map(key))
  return first.filter((entry) => !there.has(key(entry)))
}
