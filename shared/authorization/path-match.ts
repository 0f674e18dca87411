import { err, ok, type Result } from '#shared/result.ts'
import { normalisePath } from './normalise-path.ts'
import { matchesString, parseStringMatch, type StringMatch } from './string-match.ts'

/** How policies match a path: as any text, or by a template. */
export type PathMatch = StringMatch | PathTemplate

/**
 * Segments with `{*}`, one segment that is not empty, and at most one `{**}`, segments of any number
 * and content, at least one: `/foo/{**}` matches `/foo/` and not `/foo`.
 */
export interface PathTemplate {
  readonly kind: 'template'
  readonly before: readonly TemplateSegment[]
  /** What follows `{**}`; undefined where there is none. */
  readonly after: readonly TemplateSegment[] | undefined
}

type TemplateSegment = { readonly text: string } | 'any'

/** A match of a policy's path; one that no normalised path could match is refused. */
export function parsePathMatch(text: string): Result<PathMatch, string> {
  if (/[{}]/.test(text)) return parseTemplate(text)
  const match = parseStringMatch(text)
  if (!match.ok || match.value.kind !== 'exact') return match
  const normal = normalisePath(text, 'base')
  return normal.ok && normal.value === text ? match : err('a normalised path, or one *')
}

/** Whether a normalised path, without its query, matches. */
export function matchesPath(match: PathMatch, path: string): boolean {
  return match.kind === 'template' ? matchesTemplate(match, path) : matchesString(match, path)
}

function parseTemplate(text: string): Result<PathTemplate, string> {
  const expected = 'a template of whole segments {*}, the last of which may be {**}'
  const segments = text.split('/')
  const globs = segments.filter((segment) => segment === '{**}').length
  const glob = segments.indexOf('{**}')
  const isTemplate =
    segments[0] === '' &&
    globs <= 1 &&
    segments.every(
      (segment) => segment === '{*}' || segment === '{**}' || !/[*{}]/.test(segment),
    ) &&
    (glob < 0 || !segments.slice(glob).includes('{*}'))
  if (!isTemplate) return err(expected)
  const parsed = segments.map((segment) => (segment === '{*}' ? 'any' : { text: segment }))
  return ok({
    kind: 'template',
    before: glob < 0 ? parsed : parsed.slice(0, glob),
    after: glob < 0 ? undefined : parsed.slice(glob + 1),
  })
}

function matchesTemplate({ before, after }: PathTemplate, path: string): boolean {
  const segments = path.split('/')
  if (after === undefined) return segments.length === before.length && allMatch(before, segments)
  const between = segments.length - before.length - after.length
  return (
    between >= 1 &&
    allMatch(before, segments) &&
    allMatch(after, segments.slice(segments.length - after.length))
  )
}

/** As many segments from the first on as the template has. */
function allMatch(template: readonly TemplateSegment[], segments: readonly string[]): boolean {
  return template.every((segment, at) => {
    return segment === 'any' ? segments[at] !== '' : segments[at] === segment.text
  })
}
