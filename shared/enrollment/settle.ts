import type { Finding } from './finding.ts'
import type { DeviceProfile } from './profile.ts'

/** Findings of one request or certificate: a hostile one has thousands of names, and each could have its own. */
const findingsMax = 100

const ranks = { error: 0, warning: 1, info: 2 } as const

/** Findings as a profile weighs them, the gravest first, in the order of the checks otherwise. */
export function settle(
  findings: readonly Finding[],
  { severities }: Pick<DeviceProfile, 'severities'>,
): readonly Finding[] {
  if (findings.length === 0) return findings
  const asked: Readonly<Record<string, Finding['severity'] | 'off'>> = severities
  const weighed = findings.flatMap((each) => {
    const severity = asked[each.code] ?? each.severity
    return severity === 'off' ? [] : [{ ...each, severity }]
  })
  return weighed.toSorted((a, b) => ranks[a.severity] - ranks[b.severity]).slice(0, findingsMax)
}
