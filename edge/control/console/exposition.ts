/** One line of a Prometheus page. */
export interface ReadSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

/**
 * Reads Prometheus' text exposition format 0.0.4 as our own edge workers write it: comments, and a
 * sample a line without a timestamp. Undefined where a line is anything else.
 */
export function readSamples(page: string): readonly ReadSample[] | undefined {
  const samples: ReadSample[] = []
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const sample = readSample(line)
    if (sample === undefined) return undefined
    samples.push(sample)
  }
  return samples
}

const sampleForm = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/

function readSample(line: string): ReadSample | undefined {
  const [, name, labels = '', number = ''] = sampleForm.exec(line) ?? []
  const value = valueOf(number)
  if (name === undefined || Number.isNaN(value)) return undefined
  return { name, labels: readLabels(labels), value }
}

/** As Go's ParseFloat reads it. */
const valueOf = (text: string): number => Number(text.replace(/Inf$/, 'Infinity'))

function readLabels(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)
  return new Map([...pairs].map(([, name = '', value = '']) => [name, unescaped(value)]))
}

const escapes: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' }

const unescaped = (value: string): string =>
  value.replaceAll(/\\(.)/g, (whole, character: string) => escapes[character] ?? whole)
