/** One case of a suite. Without anything it has passed; what is skipped was not asked. */
export interface JunitCase {
  readonly className: string
  readonly name: string
  readonly file?: string
  readonly failure?: {
    readonly type?: string
    readonly message: string
    readonly lines: readonly string[]
  }
  /** The case could not be tried at all, and why. */
  readonly error?: string
  readonly skipped?: string
  /** Said beside it, and no ground to fail. */
  readonly output?: readonly string[]
}

export interface JunitSuite {
  readonly name: string
  readonly seconds?: number
  readonly properties?: Readonly<Record<string, string>>
  readonly cases: readonly JunitCase[]
}

/** A suite as JUnit XML, as the services that run builds read it (github.com/testmoapp/junitxml). */
export function junitText({ name, seconds, properties = {}, cases }: JunitSuite): string {
  const count = (of: (each: JunitCase) => unknown) =>
    cases.filter((each) => of(each) !== undefined).length
  const skipped = count((each) => each.skipped)
  const head =
    `tests="${cases.length}" failures="${count((each) => each.failure)}" errors="${count((each) => each.error)}"` +
    (skipped === 0 ? '' : ` skipped="${skipped}"`) +
    (seconds === undefined ? '' : ` time="${seconds.toFixed(3)}"`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${head}>`,
    `<testsuite name="${attribute(name)}" ${head}>`,
    ...propertyLines(properties),
    ...cases.map(caseLine),
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function propertyLines(properties: Readonly<Record<string, string>>): readonly string[] {
  const entries = Object.entries(properties)
  if (entries.length === 0) return []
  const lines = entries.map(
    ([name, value]) => `    <property name="${attribute(name)}" value="${attribute(value)}"/>`,
  )
  return ['  <properties>', ...lines, '  </properties>']
}

function caseLine({ className, name, file, ...outcome }: JunitCase): string {
  const place = file === undefined ? '' : ` file="${attribute(file)}"`
  const head = `  <testcase classname="${attribute(className)}" name="${attribute(name)}"${place}`
  const inner = outcomeText(outcome)
  return inner === '' ? `${head}/>` : `${head}>${inner}</testcase>`
}

function outcomeText({
  failure,
  error,
  skipped,
  output,
}: Omit<JunitCase, 'className' | 'name' | 'file'>): string {
  return [
    failure === undefined ? '' : failureText(failure),
    error === undefined ? '' : `<error message="${attribute(error)}"/>`,
    skipped === undefined ? '' : `<skipped message="${attribute(skipped)}"/>`,
    output === undefined ? '' : `<system-out>${text(output.join('\n'))}</system-out>`,
  ].join('')
}

function failureText({ type, message, lines }: NonNullable<JunitCase['failure']>): string {
  const kind = type === undefined ? '' : `type="${attribute(type)}" `
  return `<failure ${kind}message="${attribute(message)}">${text(lines.join('\n'))}</failure>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** XML 1.0 2.2: most control characters cannot be written at all, not even by number. */
function text(value: string): string {
  const possible = value.replaceAll(
    /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu,
    '\uFFFD',
  )
  return possible.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
}

/** The same inside of quotes, where line ends would become spaces. */
function attribute(value: string): string {
  return text(value).replaceAll(/[\t\n]/g, ' ')
}
