// Draws the plots of the page in the reader's browser. It stands inside the page as it is.
let { plots, phases, endsAt } = JSON.parse(document.getElementById('plot-input').textContent)
const drawn = []
const seconds = (ms) => ms / 1000
const style = () => getComputedStyle(document.documentElement)
const font = '12px system-ui, sans-serif'

function heightFor(width) {
  return Math.round(Math.min(260, Math.max(190, width * 0.42)))
}

// Ticks of an axis, from coarse to fine: the step in seconds, its text, and the text added where a
// new year or day begins (uPlot's columns: year, month, day, hour, minute, second, mode).
const tickTexts = [
  [86_400 * 365, '{YYYY}', null, null, null, null, null, null, 1],
  [86_400 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [3600, '{HH}:00', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, ':{ss}', '\n{HH}:{mm}', null, '\n{HH}:{mm}', null, '\n{HH}:{mm}', null, 1],
]

// Bars stand on each other: each series is drawn from zero, the tallest first.
function stacked(series) {
  return series.map((_, from) =>
    series[from].values.map((__, at) =>
      series.slice(from).reduce((total, { values }) => total + (values[at] ?? 0), 0),
    ),
  )
}

function edgesOf(u, phase) {
  const { left, width } = u.bbox
  const edge = (ms) => Math.min(left + width, Math.max(left, u.valToPos(seconds(ms), 'x', true)))
  return { from: edge(phase.startedAt), to: edge(phase.endedAt) }
}

function drawPhaseBands(u) {
  phases.forEach((phase, index) => {
    const { from, to } = edgesOf(u, phase)
    u.ctx.fillStyle = style().getPropertyValue(index % 2 === 0 ? '--band-even' : '--band-odd')
    u.ctx.fillRect(from, u.bbox.top, to - from, u.bbox.height)
  })
}

function drawPhaseNames(u) {
  const { ctx, bbox } = u
  const gap = 6 * devicePixelRatio
  ctx.save()
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  ctx.textBaseline = 'top'
  ctx.textAlign = 'left'
  ctx.fillStyle = style().getPropertyValue('--muted')
  for (const phase of phases) {
    const { from, to } = edgesOf(u, phase)
    ctx.fillText(fitted(ctx, phase.name, to - from - gap), from + gap / 2, bbox.top + gap / 2)
  }
  ctx.restore()
}

function fitted(ctx, text, room) {
  if (ctx.measureText(text).width <= room) return text
  for (let length = text.length - 1; length > 3; length -= 1) {
    const shorter = `${text.slice(0, length)}…`
    if (ctx.measureText(shorter).width <= room) return shorter
  }
  return ''
}

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })

function seriesOf(plot, series) {
  const { label, colour } = series
  const stroke = style().getPropertyValue(colour)
  const told = {
    label,
    value: (_, __, ___, at) => {
      // No cursor on the plot, no value; under the cursor a gap is a gap.
      if (at === null) return ''
      const value = series.values[at] ?? null
      return value === null ? '–' : `${number.format(value)} ${plot.unit}`.trim()
    },
    points: { show: false },
  }
  if (plot.kind === 'bars') {
    return {
      ...told,
      fill: stroke,
      stroke,
      width: 0,
      paths: uPlot.paths.bars({ size: [0.86, 60], align: 1 }),
    }
  }
  if (plot.kind === 'area') {
    return {
      ...told,
      stroke,
      fill: `color-mix(in srgb, ${stroke} 18%, transparent)`,
      width: 1.5,
      paths: uPlot.paths.stepped({ align: 1 }),
    }
  }
  return { ...told, stroke, width: 1.5, spanGaps: true }
}

function axes() {
  const stroke = style().getPropertyValue('--muted')
  const grid = { stroke: style().getPropertyValue('--grid'), width: 1 }
  const shared = { stroke, font, ticks: { ...grid, size: 4 } }
  return [
    { ...shared, grid: { show: false }, space: 64, values: tickTexts },
    {
      ...shared,
      grid,
      size: 52,
      values: (_, splits) => splits.map((value) => number.format(value)),
    },
  ]
}

function optionsFor(plot, width) {
  const [start] = plot.times
  return {
    width,
    height: heightFor(width),
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
    scales: {
      x: { range: [seconds(start), seconds(endsAt)] },
      // A little room above, where the names of the phases stand.
      y: { range: (_, __, most) => [0, (most || 1) * 1.18] },
    },
    axes: axes(),
    series: [
      {
        label: '',
        value: (_, at) =>
          at === null ? '' : new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' '),
      },
      ...plot.series.map((each) => seriesOf(plot, each)),
    ],
    cursor: { sync: { key: 'run' }, points: { show: false }, drag: { x: true, y: false } },
    legend: { live: true, markers: { width: 0, fill: (u, index) => u.series[index].stroke() } },
    hooks: { drawClear: [drawPhaseBands], draw: [drawPhaseNames] },
  }
}

function columnsOf({ kind, times, series }) {
  const values = kind === 'bars' ? stacked(series) : series.map((each) => each.values)
  return [times.map(seconds), ...values]
}

function draw(plot) {
  const place = document.getElementById(`plot-${plot.id}`)
  place.replaceChildren()
  return {
    plot,
    place,
    chart: new uPlot(optionsFor(plot, place.clientWidth), columnsOf(plot), place),
  }
}

// A chart that has the same series takes other values, and keeps the cursor that points at it.
function redraw(plot) {
  const index = drawn.findIndex((each) => each.plot.id === plot.id)
  const [old] = index === -1 ? [] : drawn.splice(index, 1)
  if (old !== undefined && hasSameSeries(old.plot, plot)) {
    old.plot.series.forEach((each, at) => (each.values = plot.series[at].values))
    old.chart.setData(columnsOf(plot))
    drawn.push(old)
    return
  }
  old?.chart.destroy()
  if (plot.series.length > 0) drawn.push(draw(plot))
}

function hasSameSeries(a, b) {
  return a.times[0] === b.times[0] && labelsOf(a) === labelsOf(b)
}

function labelsOf({ series }) {
  return series.map(({ label }) => label).join('\n')
}

function drawAll() {
  for (const { chart } of drawn.splice(0)) chart.destroy()
  for (const plot of plots) if (plot.series.length > 0) drawn.push(draw(plot))
}

drawAll()
// A page of a run that goes on hands in what is to be drawn from now on.
addEventListener('plot-input', ({ detail }) => {
  ;({ plots, phases, endsAt } = detail)
  for (const plot of plots) redraw(plot)
})
// Colours are read when a plot is drawn, so another scheme needs other plots.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
addEventListener('resize', () => {
  for (const { chart, place } of drawn) {
    chart.setSize({ width: place.clientWidth, height: heightFor(place.clientWidth) })
  }
})
