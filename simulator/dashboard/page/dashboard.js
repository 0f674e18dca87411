// Writes the run's numbers into the page, as often as the server sends them.
const byId = (id) => document.getElementById(id)
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const rates = []
let latest
let isHeld = false

function write(place, text) {
  if (place.textContent !== text) place.textContent = text
}

function element(name, text, className = '') {
  const made = document.createElement(name)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}

// Decisions a second over the last second: a single snapshot's share of them jumps about.
function ratePerSecond({ attempts, wallMs }) {
  rates.push({ attempts, wallMs })
  while (rates.length > 2 && rates[1].wallMs < wallMs - 1000) rates.shift()
  const [first] = rates
  const ms = wallMs - first.wallMs
  return ms === 0 ? 0 : ((attempts - first.attempts) * 1000) / ms
}

function showTiles(tiles) {
  for (const [id, { value, note, tone }] of Object.entries(tiles)) {
    const tile = byId(`tile-${id}`)
    tile.className = `tile ${tone}`
    write(tile.querySelector('strong'), value)
    write(tile.querySelector('span'), note)
  }
}

function showRows(id, rows) {
  const body = byId(id)
  while (body.rows.length > rows.length) body.deleteRow(-1)
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow()
    cells.forEach((text, at) => write(row.cells[at] ?? row.insertCell(), text))
  })
}

function showMarks(marks) {
  const list = byId('marks')
  if (list.children.length !== marks.length) {
    list.replaceChildren(
      ...marks.map(({ at, what }) => {
        const item = document.createElement('li')
        item.append(element('span', at, 'when'), `${what} `, element('span', '', 'unseen'))
        return item
      }),
    )
  }
  marks.forEach(({ isPast }, index) => {
    const item = list.children[index]
    item.classList.toggle('past', isPast === true)
    write(item.lastChild, isPast === undefined ? '' : isPast ? '(done)' : '(ahead)')
  })
}

function showPlots({ plotsNote, plots, phases, endsAt }) {
  write(byId('plots-note'), plotsNote)
  const shown = new Set(plots.map(({ id }) => `plot-${id}`))
  for (const place of document.querySelectorAll('.plot')) {
    place.closest('figure').hidden = !shown.has(place.id)
  }
  for (const { id, title, summary } of plots) {
    write(byId(`title-${id}`), title)
    write(byId(`caption-${id}`), summary)
    byId(`plot-${id}`).setAttribute('aria-label', summary)
  }
  dispatchEvent(new CustomEvent('plot-input', { detail: { plots, phases, endsAt } }))
}

function show(snapshot) {
  const rate = whole.format(ratePerSecond(snapshot))
  byId('ratio').value = snapshot.ratio
  const percent = Math.floor(snapshot.ratio * 100)
  write(byId('now'), `${percent} % · ${snapshot.where} · ${rate} decisions/s`)
  showTiles(snapshot.tiles)
  showRows('reasons', snapshot.reasons)
  showRows('exposures', snapshot.exposures)
  write(byId('exposures-note'), snapshot.exposureNote)
  showMarks(snapshot.marks)
  showPlots(snapshot)
}

function say(text, tone = '') {
  byId('status').className = tone
  write(byId('status'), text)
}

const source = new EventSource('/events')

source.addEventListener('open', () => {
  say('The run is getting ready: nothing was decided yet.')
})

source.addEventListener('snapshot', ({ data }) => {
  latest = JSON.parse(data)
  if (latest.ended !== undefined) {
    source.close()
    say(latest.ended.told, latest.ended.tone)
    byId('pause').hidden = true
    document.title = document.title.replace('Running', 'Ended')
  } else if (!isHeld) {
    say('The run goes on; this page follows it.')
  }
  if (!isHeld || latest.ended !== undefined) show(latest)
})

source.addEventListener('error', () => {
  source.close()
  say('The run answers no more: its process has ended. Load the page again to look for it.', 'warn')
})

byId('pause').addEventListener('click', () => {
  isHeld = !isHeld
  byId('pause').setAttribute('aria-pressed', String(isHeld))
  say(
    isHeld ? 'The page is held still; the run goes on.' : 'The run goes on; this page follows it.',
  )
  if (!isHeld && latest !== undefined) show(latest)
})

async function askStory(device) {
  const answer = await fetch(`/device/${encodeURIComponent(device)}`)
  const story = await answer.json()
  if (!answer.ok) throw new Error(story.detail)
  return story
}

function showStory({ device, count, events }) {
  const all = count === 1 ? '1 event' : `${whole.format(count)} events`
  const shown = events.length < count ? `, the latest ${events.length} of them here` : ''
  write(byId('story-note'), `${device}: ${all} so far${shown}.`)
  byId('story').replaceChildren(
    ...events.map(({ at, told, wrong }) => {
      const item = document.createElement('li')
      item.className = wrong ? 'wrong' : ''
      item.append(element('span', at, 'when'), told)
      return item
    }),
  )
}

function showNoStory({ message }) {
  byId('story').replaceChildren()
  const isOver = latest?.ended !== undefined
  const why = isOver
    ? 'the run is over, and its events, where it kept them, lie beside its report'
    : message
  write(byId('story-note'), `There is no story: ${why}.`)
}

byId('device-form').addEventListener('submit', (event) => {
  event.preventDefault()
  void askStory(byId('device').value.trim()).then(showStory, showNoStory)
})
