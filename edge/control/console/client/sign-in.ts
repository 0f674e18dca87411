import { h } from './dom.ts'

/** The form for a token; `because` says why it is shown, where it is not the first time. */
export function signInForm(onToken: (token: string) => void, because?: string): HTMLElement {
  const input = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    maxlength: '512',
    'aria-describedby': 'token-help',
  })
  const form = h(
    'form',
    { class: 'card narrow' },
    h('h1', {}, 'Sign in'),
    because === undefined ? undefined : h('p', { class: 'bad', role: 'alert' }, because),
    h('div', { class: 'field' }, h('label', { for: 'token' }, 'API token'), input),
    h(
      'p',
      { id: 'token-help', class: 'muted' },
      'One of the tokens whose hashes are in the secret API_TOKENS. It stays in this tab until you sign out or close it, and goes to this control plane alone.',
    ),
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'primary' }, 'Sign in')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    onToken(input.value.trim())
  })
  return form
}
