import { button, h, type Child } from './dom.ts'

export interface Question {
  readonly title: string
  /** What will happen, before it does. */
  readonly says: Child
  readonly verb: string
  /** What has to be typed for it, where a click is too little. */
  readonly word?: string
}

/** Asks in a modal dialog: true for the operator's explicit word, false for Escape and Cancel. */
export function confirmed(question: Question): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const typed = h('input', {
    id: 'confirm-word',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  })
  const form = h(
    'form',
    {},
    h('h2', { id: 'confirm-title' }, question.title),
    question.says,
    question.word === undefined
      ? undefined
      : h(
          'div',
          { class: 'field' },
          h('label', { for: 'confirm-word' }, 'Type ', h('code', {}, question.word), ' to go on'),
          typed,
        ),
    h(
      'div',
      { class: 'row end' },
      button('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'danger' }, question.verb),
    ),
  )
  const dialog = h('dialog', { 'aria-labelledby': 'confirm-title' }, form)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (question.word !== undefined && typed.value.trim() !== question.word) {
      typed.setCustomValidity(`expected ${question.word}`)
      typed.reportValidity()
      return
    }
    dialog.close('yes')
  })
  typed.addEventListener('input', () => typed.setCustomValidity(''))
  dialog.addEventListener('close', () => {
    dialog.remove()
    resolve(dialog.returnValue === 'yes')
  })
  document.body.append(dialog)
  dialog.showModal()
  return promise
}
