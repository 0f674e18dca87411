import { expect, test } from 'vitest'
import { urlAtTarget } from '#edge/target-url.ts'

test.each([
  { asked: '/', sent: '/' },
  { asked: '/telemetry?since=1&x=%2F', sent: '/telemetry?since=1&x=%2F' },
  { asked: '/a%2Fb/../c', sent: '/c' },
  { asked: '//elsewhere.example/x', sent: '//elsewhere.example/x' },
  { asked: '/\\elsewhere.example/x', sent: '//elsewhere.example/x' },
  { asked: '///elsewhere.example', sent: '///elsewhere.example' },
  { asked: '/https://elsewhere.example', sent: '/https://elsewhere.example' },
  { asked: '/@elsewhere.example', sent: '/@elsewhere.example' },
])('$asked stays at the target', ({ asked, sent }) => {
  const url = urlAtTarget(`http://edge.example${asked}`, 'https://origin.example:8443/base?q')
  expect(url.href).toBe(`https://origin.example:8443${sent}`)
})
