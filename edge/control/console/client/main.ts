import { instantFromMs, type Instant } from '#shared/time.ts'
import { utcWords } from '../words.ts'
import { ApiRefusal, createApi, type Api, type EdgeSummary } from './api.ts'
import { button, fill, h, part } from './dom.ts'
import { edgeSection, overview } from './overview.ts'
import { session } from './session.ts'
import { signInForm } from './sign-in.ts'
import { storePage, type Page } from './store-page.ts'

/** How often the page asks for news: a head for each store, and for what is shown of one. */
const refreshMs = 15_000

const now = (): Instant => instantFromMs(Date.now())
const [content, asOf] = [part('content'), part('as-of')]
/** Read out to whoever cannot see it: what was done, and what was not. */
const [done, trouble] = [part('done'), part('trouble')]

/** What is on the screen: it grows by one with each page, so that a late answer draws over no other. */
let shown = 0
let page: Page | undefined

function signedOut(because?: string): void {
  session.end()
  page = undefined
  shown += 1
  fill(part('session'))
  for (const each of [done, trouble, asOf]) fill(each)
  fill(content, signInForm(signedIn, because))
  document.getElementById('token')?.focus()
}

function signedIn(token: string): void {
  session.begin(token)
  void open()
}

/** Shows what the address says: a store, or all of them. */
async function open(): Promise<void> {
  const token = session.token()
  if (token === undefined) {
    signedOut()
    return
  }
  const api = createApi(token)
  fill(
    part('session'),
    button('Refresh', () => void refresh(), { id: 'refresh' }),
    button('Sign out', () => signedOut()),
  )
  shown += 1
  fill(done)
  const name = /^#\/stores\/([a-zA-Z0-9-]{1,32})$/.exec(location.hash)?.[1]
  page = name === undefined ? overviewPage(api) : storePage(name, { api, now, act })
  document.title = `${name ?? 'Trust stores'} · Sallyport console`
  fill(content, page.elements)
  if (await refresh()) content.focus()
}

function overviewPage(api: Api): Page {
  const [stores, edge] = [h('div'), h('div')]
  let figures: EdgeSummary | undefined
  return {
    elements: [stores, edge],
    async refresh() {
      fill(stores, await overview(api, now))
      // Once: an edge worker tells its longest times since it was last asked, and others ask too.
      figures ??= await api.edge()
      fill(edge, edgeSection(figures))
    },
  }
}

/** True where everything that is shown is as the control plane says now. */
async function refresh(): Promise<boolean> {
  const asked = shown
  if (page === undefined) return false
  try {
    await page.refresh()
    if (asked !== shown) return false
    fill(trouble)
    fill(asOf, `As of ${utcWords(now())}`)
    return true
  } catch (error) {
    if (asked === shown) tell(error, 'What is shown may be old')
    return false
  }
}

/** Carries something out and says how it went. What is shown is asked again afterwards, either way. */
async function act(does: () => Promise<string>): Promise<boolean> {
  try {
    const sentence = await does()
    await refresh()
    fill(done, sentence)
    return true
  } catch (error) {
    await refresh()
    tell(error, 'It was not done')
    return false
  }
}

/** @param what of what is on the screen the error means */
function tell(error: unknown, what: string): void {
  if (error instanceof ApiRefusal && error.status === 401) {
    signedOut('The control plane does not know this token.')
    return
  }
  const because = error instanceof Error ? error.message : String(error)
  fill(done)
  fill(trouble, h('p', {}, `${what}: ${because}.`))
}

addEventListener('hashchange', () => {
  // The link past the head has an address of its own, and leads to no other page.
  if (location.hash === '#content') return
  void open()
})
setInterval(() => {
  const isAsking = document.querySelector('dialog[open]') !== null
  if (document.visibilityState === 'visible' && !isAsking) void refresh()
}, refreshMs)
void open()
