import type { PlayedEnrolment } from '../../chaos/faults/enrolment/stage.ts'
import { formatCount } from '../../report/format.ts'
import type { Paint } from '../../report/paint.ts'

/** What others do, the stories of what did not hold before the EST server, and a last line that counts. */
export function enrolmentLines(
  { checks, beside }: PlayedEnrolment,
  paint: Paint,
): readonly string[] {
  const wrong = checks.filter(({ holds }) => !holds)
  const stories = wrong.flatMap(({ fault, subject, said, wanted, story }) => [
    paint.bold(`EST server, ${fault}: ${subject}: ${said}`),
    `  ${wanted.join(' or ') || 'less'} was wanted`,
    ...story.map((line, nth) => `  ${nth + 1}. ${line}${nth === story.length - 1 ? '   <<<' : ''}`),
    '',
  ])
  const count = `${formatCount(checks.length)} attempts before our EST server`
  const last =
    wrong.length === 0
      ? paint.good(`PASS  ${count}, each as it has to be.`)
      : paint.bad(`FAIL  ${count}: ${wrong.length} findings.`)
  const others = beside.map(({ fault, sentence }) => `Beside ${fault}: ${sentence}.`)
  return [...others, ...(others.length === 0 ? [] : ['']), ...stories, last]
}
