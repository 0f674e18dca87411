import type { Result } from '#shared/result.ts'
import { nameOf, type IssuerState } from '../freshness.ts'
import { namedByNumber, namedByPem, type NamedCertificate } from '../named-certificates.ts'
import { h } from './dom.ts'

/** What is asked over the certificates that somebody named. */
export interface RevokeActions {
  revoke(certificates: readonly NamedCertificate[], reason: string): Promise<boolean>
  restore(certificates: readonly NamedCertificate[]): Promise<boolean>
}

/** RFC 5280 5.3.1, those that a person would choose for a device. */
const reasons = [
  ['unspecified', 'no reason given'],
  ['keyCompromise', 'its key was stolen or copied'],
  ['cessationOfOperation', 'it is out of use'],
  ['superseded', 'it has a newer certificate'],
  ['affiliationChanged', 'it belongs to somebody else'],
  ['privilegeWithdrawn', 'it may no longer'],
] as const

/** The form for one certificate: pasted, or by issuer and serial. Its issuers may be told again. */
export function revokeForm(actions: RevokeActions): {
  readonly element: HTMLElement
  tell(issuers: readonly IssuerState[]): void
} {
  const pem = h('textarea', { id: 'pem', rows: '4', spellcheck: 'false', class: 'mono' })
  const issuer = h('select', { id: 'issuer' })
  const serial = h('input', {
    id: 'serial',
    autocomplete: 'off',
    spellcheck: 'false',
    class: 'mono',
  })
  const reason = h(
    'select',
    { id: 'reason' },
    reasons.map(([value, words]) => h('option', { value }, `${value}: ${words}`)),
  )
  const trouble = h('p', { class: 'bad', role: 'alert' })
  const element = h(
    'form',
    {},
    field('The device’s certificate (PEM), one or more', pem),
    h(
      'div',
      { class: 'fields' },
      field('or its issuer', issuer),
      field('and its serial, hexadecimal', serial),
      field('Reason', reason),
    ),
    trouble,
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'submit', class: 'danger', name: 'do', value: 'revoke' }, 'Revoke…'),
      h('button', { type: 'submit', name: 'do', value: 'restore' }, 'Restore…'),
    ),
  )
  const named = (): Result<readonly NamedCertificate[], string> =>
    pem.value.trim() === '' ? namedByNumber(issuer.value, serial.value) : namedByPem(pem.value)
  element.addEventListener('submit', (event) => {
    event.preventDefault()
    const certificates = named()
    trouble.textContent = certificates.ok ? '' : certificates.error
    if (!certificates.ok) return
    const restores = event.submitter?.getAttribute('value') === 'restore'
    const done = restores
      ? actions.restore(certificates.value)
      : actions.revoke(certificates.value, reason.value)
    void emptied(done)
  })
  const emptied = async (done: Promise<boolean>): Promise<void> => {
    if (await done) for (const control of [pem, serial]) control.value = ''
  }
  return { element, tell: (issuers) => tellIssuers(issuer, issuers) }
}

const field = (label: string, control: HTMLElement): HTMLElement =>
  h('div', { class: 'field' }, h('label', { for: control.id }, label), control)

function tellIssuers(select: HTMLSelectElement, issuers: readonly IssuerState[]): void {
  const chosen = select.value
  const known = [...select.options].map(({ value }) => value).slice(1)
  const wanted = issuers.map((each) => each.issuer).toSorted()
  if (known.length > 0 && known.join(' ') === wanted.join(' ')) return
  select.replaceChildren(
    h('option', { value: '' }, 'choose'),
    ...wanted.map((each) => h('option', { value: each }, nameOf(each))),
  )
  select.value = wanted.includes(chosen) ? chosen : ''
}
