/** One family of samples, as the exposition format has them. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** Label names are the code's own; values may be anybody's text. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const exposition = 'text/plain; version=0.0.4; charset=utf-8'

/** Families in Prometheus' text exposition format 0.0.4: a HELP and a TYPE line each, then its samples. */
export function expositionText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('')
}

function familyText({ name, help, type, samples }: MetricFamily): string {
  const lines = [
    `# HELP ${name} ${escaped(help)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${valueText(value)}`),
  ]
  return `${lines.join('\n')}\n`
}

function labelsText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([label, value]) => {
    return `${label}="${escaped(value).replaceAll('"', String.raw`\"`)}"`
  })
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', String.raw`\n`)
}

/** As Go's ParseFloat reads it. */
function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
