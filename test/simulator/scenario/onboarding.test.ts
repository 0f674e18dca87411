import { expect, test } from 'vitest'
import { formatScenarioError, parseScenario } from '#simulator/scenario/parse.ts'
import { minimal } from './minimal.ts'

/** The last line of the shortest scenario is 16. */
const slips: readonly [name: string, yaml: string, says: readonly string[]][] = [
  [
    'a misspelt ratio',
    `${minimal}    onboarding: { claim: 0.5 }\n    enrollment: { at: 1h }\nengine: virtual\n`,
    [
      'a.yaml:17:19: fleets[0].onboarding.claim: found the unknown key "claim", expected perhaps "claims"',
    ],
  ],
  [
    'a ratio above 1',
    `${minimal}    onboarding: { hostile: 2 }\n    enrollment: { at: 1h }\nengine: virtual\n`,
    ['a.yaml:17:28: fleets[0].onboarding.hostile: found 2, expected a ratio from 0 to 1'],
  ],
  [
    'devices that never ask for the first time',
    `${minimal}    onboarding: {}\nengine: virtual\n`,
    [
      'a.yaml:17:5: fleets[0].onboarding: found onboarding without "enrollment", expected when its devices ask for their first certificates',
    ],
  ],
  [
    'another engine',
    `${minimal}    onboarding: {}\n    enrollment: { at: 1h }\nengine: any\n`,
    [
      'a.yaml:19:9: engine: found any, expected virtual: fleets[0] has onboarding, which is lived in virtual time',
    ],
  ],
  [
    'a platform that decides by itself',
    `${minimal}    onboarding: {}\n    enrollment: { at: 1h }\nengine: virtual\nfront: { profile: alb }\n`,
    [
      'a.yaml:20:19: front.profile: found alb, expected a platform that lets factory certificates through to the EST server: fleets[0] has onboarding',
    ],
  ],
  [
    'authorities that change',
    `${minimal}    onboarding: {}\n    enrollment: { at: 1h }\nengine: virtual\npki: { events: [{ at: 1d, event: root_added }] }\n`,
    [
      'a.yaml:20:8: pki.events: found events, expected none where fleets[0] has onboarding: its EST server is told of one hierarchy',
    ],
  ],
  [
    'nothing',
    `${minimal}    onboarding: { wiped: 0.1 }\n    enrollment: { at: 1h }\nengine: virtual\n`,
    [],
  ],
]

test.each(slips)('%s is told with its place', (_name, yaml, says) => {
  const parsed = parseScenario(yaml, 'a.yaml')
  expect(parsed.ok ? [] : parsed.error.map(formatScenarioError)).toEqual(says)
})
